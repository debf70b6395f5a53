import { randomUUID } from 'node:crypto';
import { type Pool, type PoolClient } from 'pg';
import { type ClaimRequest } from '../../../outbox-bridge/ports';
import { PgOutboxStore } from '../../../outbox-bridge/pg-outbox-store';
import { limitedQuery } from '../../../runtime/limited-query';
import { type TestDatabase, createTestDatabase, patientPool } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { type PgBouncer, startPgBouncer } from '../../support/pgbouncer';
import { underWay } from '../../support/server-activity';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

/** The server ends a statement soon; the client would wait so long that its limit cannot be what ended it. */
const limits = { serverMs: 300, waitMs: 60_000 };
let database: TestDatabase;
let other: PoolClient;
/** Its statements end after the limits above. */
let store: PgOutboxStore;
/** Its statements have all the time they need. */
let patient: PgOutboxStore;

beforeEach(async () => {
  database = await createTestDatabase();
  other = await database.pool.connect();
  store = new PgOutboxStore(database.pool, limits);
  patient = new PgOutboxStore(database.pool, { serverMs: 100_000, waitMs: 120_000 });
});
afterEach(async () => {
  await other.query('ROLLBACK');
  other.release();
  await database.drop();
});

const request = (): ClaimRequest => ({
  token: randomUUID(),
  leaseMs: 15_000,
  lanes: { perPriority: [9, 9, 9, 9], floor: 1, heads: 9 },
  maxRows: 99,
  pausedSpellings: [],
});

const edited = () =>
  insertEvent(
    database.pool,
    'message.edited',
    { message_id: newId(), conversation_id: newId(), editor_id: newId() },
    { started: false },
  );

/** Waits until no such statement runs, or waits for a lock. The client hears of the end before the server shows it. */
const noneUnderWay = (query: string) =>
  waitFor(async () => (await underWay(database.pool, { query })).length === 0, { what: `the end of every ${query}` });

const ended = expect.objectContaining({ code: '57014' }) as unknown;

describe('a statement that takes too long is ended by the server, before its client gives up', () => {
  it('a claim that is blocked: nothing of it goes on, and the next one works', async () => {
    await edited();
    await other.query('BEGIN; LOCK TABLE outbox_events IN ACCESS EXCLUSIVE MODE');
    await expect(store.claim(request())).rejects.toEqual(ended);
    await noneUnderWay('%outbox_claim%');
    // The claim held the head while it waited for the rows.
    await other.query('SELECT FROM outbox_heads FOR UPDATE NOWAIT');
    await other.query('ROLLBACK');
    expect(await patient.claim(request())).toHaveLength(1);
  });

  it('a claim that computes: no lock is needed to end it', async () => {
    await expect(
      limitedQuery(
        database.pool,
        { text: 'SELECT count(*) FROM generate_series(1, $1::bigint)', values: [10 ** 12] },
        limits,
      ),
    ).rejects.toEqual(ended);
    await noneUnderWay('%generate_series%');
  });

  it('a mark that waits for one row: the others of its batch get theirs, and nothing waits any more', async () => {
    for (let i = 0; i < 4; i++) await edited();
    const rows = await patient.claim(request());
    await other.query('BEGIN');
    await other.query('SELECT FROM outbox_events WHERE id = $1 FOR UPDATE', [rows[1]!.id]);
    const settling = () => store.settle(rows.map((row) => ({ kind: 'started', row })));
    await expect(settling()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await noneUnderWay('%UPDATE nova.outbox_events%');
    const left = async () =>
      (await other.query<{ id: string }>('SELECT id FROM outbox_events WHERE published_at IS NULL')).rows;
    // Each part of the batch has the same limit, which a busy server crosses: those are sent again, as the bridge does.
    await waitFor(async () => (await left()).length === 1 || (await settling().catch(() => false)));
    expect(await left()).toEqual([{ id: rows[1]!.id }]);
    await other.query('ROLLBACK');
    expect(await patient.settle([{ kind: 'started', row: rows[1]! }])).toBe(1);
  });
});

describe('the limit belongs to its statement alone', () => {
  const limitNow = async (pool: Pool): Promise<string> =>
    (await pool.query<{ limit: string }>(`SELECT current_setting('statement_timeout') AS limit`)).rows[0]!.limit;

  async function leavesNothing(pool: Pool): Promise<void> {
    const texts = [`it's`, `back\\slash`, `nova.outbox_events`, '$1', `'; SELECT 1; --`];
    const statement = {
      text: `SELECT $1::text[] AS texts, current_setting('statement_timeout') AS limit, current_setting('jit') AS jit`,
      values: [texts],
    };
    for (const serverMs of [61_500, 72_500]) {
      const { rows } = await limitedQuery(pool, statement, { serverMs, waitMs: 120_000 });
      expect(rows).toEqual([{ texts, limit: `${serverMs}ms`, jit: 'off' }]);
    }
    expect(await limitNow(pool)).toBe('0');
    await expect(limitedQuery(pool, { text: 'SELECT pg_sleep(600)' }, limits)).rejects.toEqual(ended);
    expect(await limitNow(pool)).toBe('0');
  }

  it('on a connection of its own', async () => {
    await leavesNothing(database.pool);
  });

  it('behind PgBouncer in transaction mode, where every client gets the same connection', async () => {
    const bouncer: PgBouncer = await startPgBouncer(servers().databaseUrl, { poolSize: 1 });
    const name = new URL(database.url).pathname.slice(1);
    const pool = patientPool({ url: bouncer.url(name), max: 2, applicationName: 'test' });
    try {
      await leavesNothing(pool);
    } finally {
      await pool.end();
      await bouncer.close();
    }
  });
});

import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { PgEmitLog } from '../../activities/emit/pg-emit-log';
import { schemaText } from '../../dev/docs/schema';
import { runMigrations } from '../../migrations/run-migrations';
import { prepareMove, switchMove } from '../../ops/move/move';
import { keepOutbox } from '../../outbox/housekeeping/outbox-housekeeping';
import { carryMoves } from '../../outbox/moves/carry-moves';
import { lanesFor } from '../../outbox-bridge/lanes';
import { PgOutboxStore } from '../../outbox-bridge/pg-outbox-store';
import { type ClaimedRow } from '../../outbox-bridge/ports';
import { SignalCarrier } from '../../outbox-bridge/signal-carrier';
import { type Database } from '../../runtime/postgres';
import { patientPool } from '../support/database';
import { createDatabase } from '../support/databases';
import { silentLogger } from '../support/logger';
import { backdateOutbox, dayName, insertOld } from '../support/partitions';
import { type PostgresOfVersion, startPostgres } from '../support/postgres-of-version';
import { databaseUrl } from '../support/servers';

/** The columns and indexes of an outbox are the same everywhere. */
const schemas: string[] = [];

const publish = async (pool: Pool, postId: string = randomUUID()): Promise<string> => {
  const payload = JSON.stringify({ post_id: postId, user_id: randomUUID() });
  const text = `SELECT nova.nova_publish('content.post.created', $1::jsonb) AS id`;
  return (await pool.query<{ id: string }>(text, [payload])).rows[0]!.id;
};
const stateOf = async (pool: Pool, id: string) =>
  (await pool.query<{ state: string }>('SELECT state FROM nova.nova_event_state($1)', [id])).rows[0]?.state;
const occupiedHeads = async (pool: Pool) =>
  (await pool.query('SELECT FROM nova.outbox_heads WHERE vacant_since IS NULL')).rowCount;

const claim = (pool: Pool): Promise<ClaimedRow[]> =>
  new PgOutboxStore(pool).claim({
    ...{ token: randomUUID(), leaseMs: 15_000, lanes: lanesFor(32, 0) },
    ...{ maxRows: 10, pausedSpellings: [] },
  });

/** Claims the one row that is pending and marks it as bridges and workers do. */
async function startAndEmit(pool: Pool, id: string): Promise<void> {
  const claimed = await claim(pool);
  expect(claimed.map((row) => row.id)).toEqual([id]);
  const [row] = claimed as [ClaimedRow];
  expect(await new PgOutboxStore(pool).settle([{ kind: 'started', row }])).toBe(1);
  expect([await stateOf(pool, id), await occupiedHeads(pool)]).toEqual(['started', 0]);

  await new PgEmitLog(pool).transaction(async (emits) => {
    const upTo = new Map([[row.aggregateId, row.sequence]]);
    expect(await emits.lock([row.aggregateId])).toEqual(new Set([row.aggregateId]));
    const rows = await emits.unemitted(upTo);
    expect(rows.map(({ eventId }) => eventId)).toEqual([id]);
    await emits.markEmitted(rows);
    expect(await emits.unemitted(upTo)).toEqual([]);
  });
  expect(await stateOf(pool, id)).toBe('on_kafka');
}

describe.each([14, 16, 17, 18] as const)('on PostgreSQL %i', (major) => {
  let server: PostgresOfVersion;
  let admin: Client;
  const pools: Pool[] = [];

  /** As a login sees a database. */
  const poolOf = (database: string, login: string): Pool => {
    const url = new URL(databaseUrl(server.url, database));
    url.username = login;
    const pool = patientPool({ url: url.href, max: 3, applicationName: 'nova-test-version' });
    pools.push(pool);
    return pool;
  };
  /** Of a service whose login is no superuser; with its URL. */
  const databaseOf = async (name: string, login: string): Promise<{ pool: Pool; url: string }> => {
    await createDatabase(admin, name);
    await admin.query(`ALTER DATABASE ${name} OWNER TO ${login}`);
    const pool = poolOf(name, login);
    return { pool, url: String(pool.options.connectionString) };
  };
  let content: { pool: Pool; url: string };
  let posts: { pool: Pool; url: string };

  beforeAll(async () => {
    server = await startPostgres(major);
    admin = new Client({ connectionString: server.url });
    await admin.connect();
    await admin.query('CREATE ROLE installer LOGIN CREATEROLE; CREATE ROLE plain LOGIN');
    content = await databaseOf('content', 'installer');
    posts = await databaseOf('posts', 'installer');
    await runMigrations(posts.url, { sets: ['outbox'] });
  });
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    await admin.end();
    await server.close();
  });

  it('an outbox is installed by a login that is no superuser, takes events, and has them started and emitted', async () => {
    const options = { sets: ['outbox'], rolePrefix: 'nova_content' } as const;
    expect(await runMigrations(content.url, options)).toContain('outbox/0100_outbox');
    expect(await runMigrations(content.url, options)).toEqual([]);
    await startAndEmit(content.pool, await publish(content.pool));
    schemas.push(await schemaText(content.url));
    expect(schemas[0]).toBe(schemas.at(-1));
    const { rows } = await content.pool.query(`SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'`);
    expect(rows).toEqual([]);
  });

  it('an outbox is installed by a login that may make no roles, without any', async () => {
    const { pool, url } = await databaseOf('social', 'plain');
    const asked = runMigrations(url, { sets: ['outbox'], rolePrefix: 'nova_social' });
    await expect(asked).rejects.toThrow(/may not create roles.*DATABASE_ROLES=off/s);
    await runMigrations(url, { sets: ['outbox'], withRoles: false });
    await startAndEmit(pool, await publish(pool));
  });

  it('a signalled delete waits in the outbox until it is brought to State', async () => {
    const id = randomUUID();
    await content.pool.query(`SELECT nova.nova_signal_deleted('post', $1::text, $1::uuid, 60000, 'test')`, [id]);
    const brought: unknown[] = [];
    const state = { query: async (_: string, values: unknown) => void brought.push(values) } as unknown as Database;
    const outbox = { name: 'content', database: content.pool };
    const carrier = new SignalCarrier({ outbox, state, logger: silentLogger });
    expect([await carrier.carry(), await carrier.carry()]).toEqual([1, 0]);
    expect(brought).toEqual([[['post'], [id], [expect.any(Number)], ['test']]]);
    await content.pool.query(`UPDATE nova.outbox_signals SET held_until = now() - interval '2 hours'`);
    await carrier.expire();
    expect((await content.pool.query('SELECT FROM nova.outbox_signals')).rowCount).toBe(0);
  });

  it('a day in which everything is done is taken out and dropped', async () => {
    const past = poolOf('posts', 'nova');
    await backdateOutbox(past, [36, 35]);
    await insertOld(past, 35);
    const options = { asked: true, signal: new AbortController().signal };
    const report = await keepOutbox(
      {
        ...{ outbox: posts.pool, logger: silentLogger, holder: 'test', retentionDays: 30, patienceMs: 500_000 },
        keepDays: { operatorActs: 730 },
        openRuns: async () => [],
        neededByState: async () => ({ openDeliveries: [], failedRuns: [] }),
      },
      options,
    );
    const dropped = { [await dayName(past, 35)]: 1, [await dayName(past, 36)]: 0 };
    expect(report).toEqual(expect.objectContaining({ dropped, kept: {}, pastReaches: true }));
  });

  it('a domain moves from one outbox to another, where an aggregate with earlier events waits for these', async () => {
    const place = { from: { name: 'content', pool: content.pool }, to: { name: 'posts', pool: posts.pool } };
    const post = randomUUID();
    const early = await publish(content.pool, post);
    expect(await switchMove(place, await prepareMove(place, ['content']), 60_000)).toEqual({ done: true });
    await expect(publish(content.pool, post)).rejects.toMatchObject({ code: '55000', constraint: 'OUTBOX_MOVED' });
    const late = await publish(posts.pool, post);

    const carry = () => carryMoves(posts.pool, () => content.pool);
    expect(await carry()).toMatchObject([{ open: true, unfinished: 1 }]);
    expect(await claim(posts.pool)).toEqual([]);
    await startAndEmit(content.pool, early);
    expect(await carry()).toEqual([]);
    await startAndEmit(posts.pool, late);
  });
});

import { randomUUID } from 'node:crypto';
import { type PoolClient } from 'pg';
import { expireWriterLocks } from '../../../outbox/housekeeping/expire-writer-locks';
import { repairHeads } from '../../../outbox/housekeeping/heads';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { underWay } from '../../support/server-activity';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
const open: PoolClient[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(() => database.pool.query('TRUNCATE outbox_events'));
afterEach(async () => {
  for (const client of open.splice(0)) {
    await client.query('ROLLBACK');
    client.release(true);
  }
});
afterAll(() => database.drop());

const insertInto = (aggregate: string): [string, string[]] => [
  `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES (gen_random_uuid(), $1, 'message.edited', '{}')`,
  [aggregate],
];

/** A transaction that stays open until the test ends it. */
async function writer(begin = 'BEGIN'): Promise<PoolClient> {
  const client = await database.pool.connect();
  open.push(client);
  await client.query(begin);
  return client;
}

interface Row {
  readonly id: string;
  readonly aggregate_id: string;
  readonly sequence: number;
}

/** The lease ends in no test by itself. */
const claim = async (lease = '5 minutes'): Promise<Row[]> =>
  (
    await database.pool.query<Row>(
      `SELECT id, aggregate_id, sequence FROM outbox_claim(gen_random_uuid(), $1::interval, '{9,9,9,9}', 1, 9, 99, '{}', 786432)
       ORDER BY sequence`,
      [lease],
    )
  ).rows;

/** As a bridge marks rows, of this release or the one before. */
const publish = (rows: readonly Row[]) =>
  database.pool.query(
    `UPDATE outbox_events SET published_at = clock_timestamp(), lease_token = NULL, lease_until = NULL WHERE id = ANY ($1)`,
    [rows.map(({ id }) => id)],
  );

const heads = async () => {
  const { rows } = await database.pool.query<{ aggregate_id: string; vacant: boolean }>(
    'SELECT aggregate_id, vacant_since IS NOT NULL AS vacant FROM outbox_heads',
  );
  return rows;
};

/** Rows of the heads that this transaction has read so far, by scans of the table and of its indexes. */
async function readOfHeads(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ read: number }>(
    `SELECT (seq_tup_read + idx_tup_fetch)::float8 AS read FROM pg_stat_xact_user_tables WHERE relname = 'outbox_heads'`,
  );
  return rows[0]!.read;
}

/** Rows that no claim would ever find. */
const lost = async (): Promise<number> =>
  (await database.pool.query<{ n: number }>('SELECT outbox_repair_heads() AS n')).rows[0]!.n;

describe('the last row of an aggregate is marked while a writer of the next is open', () => {
  it.each(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])(
    '%s: the next row is claimed once it is committed',
    async (level) => {
      const aggregate = randomUUID();
      await database.pool.query(...insertInto(aggregate));
      const late = await writer(`BEGIN ISOLATION LEVEL ${level}`);
      await late.query(...insertInto(aggregate));
      await publish(await claim());
      expect(await heads()).toEqual([{ aggregate_id: aggregate, vacant: true }]);
      // Looked at again and again, never waited for.
      for (let i = 0; i < 20; i++) expect(await claim()).toEqual([]);
      await late.query('COMMIT');
      expect(await waitFor(async () => (await claim())[0])).toMatchObject({ aggregate_id: aggregate });
    },
  );

  it('and the writer rolls back: the head goes', async () => {
    const aggregate = randomUUID();
    await database.pool.query(...insertInto(aggregate));
    const late = await writer();
    await late.query(...insertInto(aggregate));
    await publish(await claim());
    await late.query('ROLLBACK');
    await waitFor(async () => {
      expect(await claim()).toEqual([]);
      return (await heads()).length === 0;
    });
  });

  it('a writer that comes while the head goes makes one of its own', async () => {
    const aggregate = randomUUID();
    await database.pool.query(...insertInto(aggregate));
    const rows = await claim();
    const marking = await writer();
    await marking.query(`UPDATE outbox_events SET published_at = now(), lease_until = NULL WHERE id = $1`, [
      rows[0]!.id,
    ]);
    const next = database.pool.query(...insertInto(aggregate));
    await waitFor(
      async () =>
        (await underWay(database.pool, { query: 'INSERT INTO outbox_events%', waitsForLock: true })).length > 0,
    );
    await marking.query('COMMIT');
    await next;
    expect(await claim()).toMatchObject([{ aggregate_id: aggregate }]);
  });

  it('of a transaction with a savepoint that was rolled back', async () => {
    const aggregate = randomUUID();
    const first = await writer();
    await first.query('SAVEPOINT s');
    await first.query(...insertInto(aggregate));
    await first.query('ROLLBACK TO s');
    await first.query(...insertInto(aggregate));
    await first.query('COMMIT');
    expect(await claim()).toMatchObject([{ aggregate_id: aggregate }]);
    expect(await lost()).toBe(0);
  });
});

describe('a row that becomes pending again', () => {
  it('is claimed before later rows of its aggregate, whatever made it so', async () => {
    const aggregate = randomUUID();
    for (let i = 0; i < 3; i++) await database.pool.query(...insertInto(aggregate));
    const [first, ...rest] = await claim();
    await database.pool.query(
      `UPDATE outbox_events SET dead_lettered_at = now(), lease_until = NULL, lease_token = NULL WHERE id = $1`,
      [first!.id],
    );
    await database.pool.query(`UPDATE outbox_events SET lease_until = NULL, lease_token = NULL WHERE id = ANY ($1)`, [
      rest.map(({ id }) => id),
    ]);
    await database.pool.query(`UPDATE outbox_events SET dead_lettered_at = NULL WHERE id = $1`, [first!.id]);
    expect(await claim()).toEqual([first, ...rest]);
  });

  it('of an aggregate that has no other work gets its head back', async () => {
    const aggregate = randomUUID();
    await database.pool.query(...insertInto(aggregate));
    const [row] = await claim();
    await database.pool.query(`UPDATE outbox_events SET dead_lettered_at = now(), lease_until = NULL WHERE id = $1`, [
      row!.id,
    ]);
    expect(await heads()).toEqual([]);
    await database.pool.query(`UPDATE outbox_events SET dead_lettered_at = NULL WHERE id = $1`, [row!.id]);
    expect(await claim()).toEqual([row]);
  });

  it('past the triggers is found by the repair', async () => {
    const aggregate = randomUUID();
    await database.pool.query(...insertInto(aggregate));
    const [row] = await claim();
    await publish([row!]);
    const { rows } = await database.pool.query<{ day: string }>('SELECT tableoid::regclass AS day FROM outbox_events');
    await database.pool.query(`UPDATE ${rows[0]!.day} SET published_at = NULL`);
    expect(await claim()).toEqual([]);
    expect(await lost()).toBe(1);
    expect(await claim()).toEqual([row]);
    expect(await lost()).toBe(0);
  });

  it('of more aggregates than one slice or one repair takes: each has the head of its first row', async () => {
    const count = 10_700;
    const twoEach = `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
      SELECT gen_random_uuid(), a.id, 'message.edited', '{}' FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, ${count})) a, generate_series(1, 2)`;
    await database.pool.query(twoEach);
    const wrong = async (): Promise<number> => {
      const { rows } = await database.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM (SELECT aggregate_id, min(sequence) AS first FROM outbox_events WHERE published_at IS NULL GROUP BY 1) o
         FULL JOIN outbox_heads h USING (aggregate_id) WHERE h.sequence IS DISTINCT FROM o.first`,
      );
      return rows[0]!.n;
    };
    await database.pool.query('DELETE FROM outbox_heads');
    expect(await wrong()).toBe(count);
    expect(await repairHeads(database.pool)).toBe(count);
    expect(await wrong()).toBe(0);
    await database.pool.query(
      `UPDATE outbox_events SET published_at = now() WHERE sequence IN (SELECT min(sequence) FROM outbox_events GROUP BY aggregate_id)`,
    );
    expect(await wrong()).toBe(0);
    await database.pool.query('UPDATE outbox_events SET published_at = NULL');
    expect(await wrong()).toBe(0);
  });
});

describe('a clock that was set back', () => {
  it.each(['lease_until', 'next_attempt_at'])(
    'does not keep a row waiting for the size of the step: %s',
    async (column) => {
      await database.pool.query(...insertInto(randomUUID()));
      await database.pool.query(`UPDATE outbox_events SET ${column} = clock_timestamp() + interval '1 hour'`);
      expect(await claim()).toHaveLength(1);
    },
  );

  it('and a lease of this minute is kept', async () => {
    await database.pool.query(...insertInto(randomUUID()));
    expect(await claim()).toHaveLength(1);
    expect(await claim()).toEqual([]);
  });
});

describe('what follows a dead letter', () => {
  const kill = (row: Row) =>
    database.pool.query(
      `UPDATE outbox_events SET dead_lettered_at = now(), lease_token = NULL, lease_until = NULL WHERE id = $1`,
      [row.id],
    );
  const after = (what: 'continue' | 'hold') =>
    database.pool.query(`UPDATE outbox_event_types SET after_dead_letter = $1 WHERE spelling = 'message.edited'`, [
      what,
    ]);
  afterEach(() => after('continue'));

  it('goes on by default', async () => {
    const aggregate = randomUUID();
    await database.pool.query(...insertInto(aggregate));
    const [first] = await claim();
    await database.pool.query(...insertInto(aggregate));
    await kill(first!);
    expect(await claim()).toHaveLength(1);
  });

  it('of a type that holds waits, also what is written later, until it is requeued: then it runs first', async () => {
    await after('hold');
    const aggregate = randomUUID();
    await database.pool.query(...insertInto(aggregate));
    const [first] = await claim();
    await kill(first!);
    for (let i = 0; i < 2; i++) await database.pool.query(...insertInto(aggregate));
    await database.pool.query(...insertInto(randomUUID()));
    expect(await claim()).toHaveLength(1);
    await database.pool.query(`UPDATE outbox_events SET dead_lettered_at = NULL WHERE id = $1`, [first!.id]);
    const rows = await claim();
    expect(rows).toHaveLength(3);
    expect(rows[0]).toEqual(first);
  });

  it('is let pass by a person, and the dead letter stays one', async () => {
    await after('hold');
    const aggregate = randomUUID();
    for (let i = 0; i < 2; i++) await database.pool.query(...insertInto(aggregate));
    const [first, second] = await claim();
    await kill(first!);
    await database.pool.query(`UPDATE outbox_events SET lease_until = NULL, lease_token = NULL WHERE id = $1`, [
      second!.id,
    ]);
    expect(await claim()).toEqual([]);
    const release = async () =>
      (await database.pool.query<{ done: boolean }>('SELECT outbox_release_hold($1) AS done', [first!.id])).rows[0]!
        .done;
    expect([await release(), await release()]).toEqual([true, false]);
    expect(await claim()).toEqual([second]);
  });
});

describe('housekeeping of the heads', () => {
  it('deletes writers’ locks that are old enough, but for those in use or of aggregates with work', async () => {
    const [idle, inUse, busy] = [randomUUID(), randomUUID(), randomUUID()];
    for (const aggregate of [idle, inUse]) {
      await database.pool.query(...insertInto(aggregate));
      await publish(await claim());
    }
    await database.pool.query(...insertInto(busy));
    await database.pool.query(`UPDATE outbox_writer_locks SET made_at = made_at - interval '2 days'`);
    const late = await writer();
    await late.query(...insertInto(inUse));
    await expireWriterLocks(database.pool, { retentionDays: 1, between: async () => undefined });
    const { rows } = await database.pool.query<{ id: string }>(
      'SELECT aggregate_id AS id FROM outbox_writer_locks WHERE aggregate_id = ANY ($1)',
      [[idle, inUse, busy]],
    );
    expect(rows.map(({ id }) => id).sort()).toEqual([inUse, busy].sort());
    await database.pool.query(...insertInto(idle));
    expect(await repairHeads(database.pool)).toBe(0);
  });
});

it('the repair of heads, first called while there were none, reads each head some times at most when there are many', async () => {
  await database.pool.query('TRUNCATE outbox_events, outbox_heads');
  await database.pool.query('ANALYZE outbox_heads');
  const client = await writer();
  const repair = async () => (await client.query<{ n: number }>('SELECT outbox_repair_heads() AS n')).rows[0]!.n;
  // The session keeps the plan that it makes here.
  expect(await repair()).toBe(0);
  const rows = 5_000;
  await client.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
     SELECT gen_random_uuid(), gen_random_uuid(), 'message.edited', '{}' FROM generate_series(1, ${rows}) AS i`,
  );
  const before = await readOfHeads(client);
  expect(await repair()).toBe(0);
  expect((await readOfHeads(client)) - before).toBeLessThan(10 * rows);
});

describe('bulk', () => {
  const bulk = (seed: string, rows: number) =>
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
     SELECT gen_random_uuid(), md5('${seed}' || i)::uuid, 'message.edited', '{}' FROM generate_series(1, ${rows}) AS i`;

  it('a transaction of 10,000 aggregates makes no writer of another aggregate wait, and fills no lock table', async () => {
    const large = await writer();
    await large.query(bulk('large', 10_000));
    const { rows } = await large.query<{ n: number }>(
      `SELECT count(*) AS n FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('advisory', 'tuple')`,
    );
    expect(rows[0]!.n).toBe(0);
    const others = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await database.pool.connect();
        try {
          await client.query(`BEGIN; SET LOCAL lock_timeout = '120s'`);
          await client.query(...insertInto(randomUUID()));
          await client.query('COMMIT');
          return 'written';
        } finally {
          client.release();
        }
      }),
    );
    expect(others).toEqual(Array.from({ length: 20 }, () => 'written'));
    // Beside it claims go on, and take nothing of what is not committed.
    expect(await claim()).toHaveLength(9);
  });

  it('two such transactions without an aggregate in common never wait for each other, in 100 rounds', async () => {
    for (let round = 0; round < 100; round++) {
      const [one, two] = [await writer(), await writer()];
      // Piece by piece, so that each holds locks while it takes more.
      for (const piece of ['a', 'b', 'c']) {
        await Promise.all([one.query(bulk(`1${piece}${round}`, 300)), two.query(bulk(`2${piece}${round}`, 300))]);
      }
      await Promise.all([one.query('COMMIT'), two.query('COMMIT')]);
      for (const client of open.splice(0)) client.release();
    }
    expect(await lost()).toBe(0);
  });
});

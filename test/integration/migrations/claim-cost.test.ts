import { randomUUID } from 'node:crypto';
import { type PoolClient } from 'pg';
import { spellingsOf } from '../../../contracts/catalogue';
import { type TestDatabase, createTestDatabase } from '../../support/database';

/**
 * What a claim reads, in rows, is what it costs: counted by PostgreSQL itself, in the claim's own transaction. A claim takes
 * up to 16 aggregates here; it must read some hundred rows for them, whatever else is pending and whatever the planner
 * believes of the tables.
 */
const bound = 1_500;
/** Read once, they are more than ten times too many. */
const manyRows = 20_000;

let database: TestDatabase;
let client: PoolClient;

beforeEach(async () => {
  database = await createTestDatabase();
  client = await database.pool.connect();
  await client.query('SELECT outbox_ensure_partitions(45)');
  await client.query(`DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM outbox_partitions UNION SELECT 'outbox_heads'::regclass LOOP
      EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', t); END LOOP; END $$`);
});
afterEach(async () => {
  client.release();
  await database.drop();
});

interface Claim {
  readonly ids: string[];
  readonly read: number;
}

/** One claim, and how many rows of the outbox and its heads it has read. */
async function claim(options: { paused?: readonly string[]; run?: number } = {}): Promise<Claim> {
  const read = async (): Promise<number> => {
    const { rows } = await client.query<{ rows: number }>(
      `SELECT sum(seq_tup_read + idx_tup_fetch)::bigint AS rows FROM pg_stat_xact_user_tables WHERE relname ~ '^outbox_'`,
    );
    return rows[0]!.rows;
  };
  await client.query('BEGIN');
  const before = await read();
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM outbox_claim($1, '15 s', '{16,14,14,14}', 1, 16, 64, $2, 786432, 3, 6, $3)`,
    [randomUUID(), options.paused ?? [], options.run ?? 9],
  );
  const after = await read();
  await client.query('COMMIT');
  return { ids: rows.map(({ id }) => id), read: after - before };
}

const insert = async (rows: number, type: string, aggregate: 'one' | 'each'): Promise<void> => {
  const statement = {
    text: `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
           SELECT gen_random_uuid(), CASE WHEN $3 THEN $4::uuid ELSE gen_random_uuid() END, $2, '{}' FROM generate_series(1, $1)`,
    values: [rows, type, aggregate === 'one', randomUUID()],
    query_timeout: 200_000,
  };
  await client.query(statement);
};

const publish = (ids: readonly string[]) =>
  client.query(
    `UPDATE outbox_events SET published_at = now(), lease_until = NULL, lease_token = NULL WHERE id = ANY ($1)`,
    [ids],
  );

describe('a claim reads only what it takes', () => {
  it('behind a hot aggregate: the others are taken at once, and the aggregate itself in runs', async () => {
    await insert(4 * manyRows, 'reaction.added', 'one');
    await insert(10, 'reaction.added', 'each');
    const first = await claim();
    expect(first.ids).toHaveLength(10 + 9);
    expect(first.read).toBeLessThan(bound);
    await publish(first.ids);
    const second = await claim({ run: 64 });
    expect(second.ids).toHaveLength(64);
    expect(second.read).toBeLessThan(bound);
  });

  it('of different aggregates in a partition that was never analyzed, with a plan made while it was empty', async () => {
    expect(await claim()).toEqual({ ids: [], read: 0 });
    await insert(1, 'message.edited', 'each');
    expect((await claim()).ids).toHaveLength(1);
    await insert(manyRows, 'message.edited', 'each');
    await insert(3, 'security.alert.raised', 'each');
    for (const expected of [16, 14, 14]) {
      const claimed = await claim();
      expect(claimed.ids).toHaveLength(expected);
      expect(claimed.read).toBeLessThan(bound);
      await publish(claimed.ids);
    }
  });

  it.each([1, 50])('with statistics made when the tables had %i rows, and a plan made then', async (rows) => {
    await insert(rows, 'message.edited', 'each');
    await client.query('ANALYZE outbox_events; ANALYZE outbox_heads');
    await publish((await claim()).ids);
    await insert(manyRows, 'message.edited', 'each');
    const claimed = await claim();
    expect(claimed.ids).toHaveLength(14);
    expect(claimed.read).toBeLessThan(bound);
  });

  it('of an aggregate with a long history', async () => {
    await insert(1, 'message.edited', 'each');
    await client.query('ANALYZE outbox_events');
    await publish((await claim()).ids);
    const [aggregate] = (await client.query<{ id: string }>('SELECT aggregate_id AS id FROM outbox_events')).rows;
    await client.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, published_at)
       SELECT gen_random_uuid(), $1, 'message.edited', '{}', now() FROM generate_series(1, ${manyRows})`,
      [aggregate?.id],
    );
    await client.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES (gen_random_uuid(), $1, 'message.edited', '{}')`,
      [aggregate?.id],
    );
    const claimed = await claim();
    expect(claimed.ids).toHaveLength(1);
    expect(claimed.read).toBeLessThan(bound);
  });

  it('beside heads of a paused type, and beside heads that are leased or back off', async () => {
    await insert(manyRows, 'reaction.added', 'each');
    await insert(1, 'reaction.removed', 'each');
    const claimed = await claim({ paused: spellingsOf('reaction.added') });
    expect(claimed.ids).toHaveLength(1);
    expect(claimed.read).toBeLessThan(bound);
    await publish(claimed.ids);
    await client.query(`UPDATE outbox_heads SET wake_at = now() + interval '5 minutes'`);
    await insert(1, 'reaction.removed', 'each');
    const other = await claim();
    expect(other.ids).toHaveLength(1);
    expect(other.read).toBeLessThan(bound);
  });

  it('idle: no row at all', async () => {
    await insert(1, 'message.edited', 'each');
    await publish((await claim()).ids);
    expect(await claim()).toEqual({ ids: [], read: 0 });
  });
});

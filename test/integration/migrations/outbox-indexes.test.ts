import { underWay } from '../../../outbox/progress.sql';
import { type TestDatabase, createTestDatabase } from '../../support/database';

/** Published history, a backlog over few aggregates, and some rows not yet emitted: the shape of a bad day. */
const history = 200_000;
const backlog = 2_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const insert = (rows: number, aggregates: number, done: boolean) =>
    database.pool.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, published_at, emitted_at)
       SELECT gen_random_uuid(), md5((i % $2)::text)::uuid, (ARRAY['message.edited', 'reaction.added', 'SecurityAlert'])[1 + i % 3], '{}', $3, $3
       FROM generate_series(1, $1) AS i`,
      [rows, aggregates, done ? new Date() : null],
    );
  // In pieces: a statement of this pool may not take long.
  for (let inserted = 0; inserted < history; inserted += 10_000) await insert(10_000, 10_000, true);
  await insert(backlog, 300, false);
  await database.pool.query('ANALYZE outbox_events');
});
afterAll(() => database.drop());

/** Names of the indexes a plan uses, and whether it reads a whole table. */
async function planOf(sql: string): Promise<{ indexes: Set<string>; scansTable: boolean; rowsRead: number }> {
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN; SET LOCAL plan_cache_mode = force_generic_plan');
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`);
    const nodes = flatten(rows[0]!['QUERY PLAN'][0].Plan).filter((node) => node['Actual Loops'] > 0);
    const large = nodes.filter(
      (node) => node['Node Type'] === 'Seq Scan' && (node['Relation Name'] ?? '').startsWith('outbox_events_'),
    );
    return {
      indexes: new Set(
        nodes.flatMap((node) =>
          node['Index Name'] === undefined ? [] : [node['Index Name'].replace(/^outbox_events_[a-z0-9]+_/, '')],
        ),
      ),
      scansTable: large.some((node) => node['Actual Rows'] > 0 || (node['Rows Removed by Filter'] ?? 0) > 0),
      rowsRead: Math.max(
        ...nodes.map((node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']),
      ),
    };
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Node[];
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

describe(`with ${history} started rows and a backlog of ${backlog}`, () => {
  it('the emit gate finds the unemitted rows of one aggregate by index', async () => {
    const plan = await planOf(
      `SELECT id FROM outbox_events WHERE aggregate_id = md5('7')::uuid AND emitted_at IS NULL AND dead_lettered_at IS NULL AND sequence <= 1000000 ORDER BY sequence`,
    );
    expect(plan.scansTable).toBe(false);
    expect(plan.rowsRead).toBeLessThan(100);
  });

  it.each([backlog + 1, 100])('how far the outbox is, is found in the first %i unemitted rows alone', async (limit) => {
    const plan = await planOf(underWay.replace('$1', String(limit)));
    expect(plan.scansTable).toBe(false);
    // One row of each partition is looked at to find the first.
    expect(plan.rowsRead).toBeLessThanOrEqual(Math.min(backlog, limit));
  });

  it('a row is found by its key in one partition', async () => {
    const { rows } = await database.pool.query<{ id: string; created_at: string }>(
      `SELECT id, created_at::text FROM outbox_events LIMIT 1`,
    );
    const plan = await planOf(
      `SELECT payload FROM outbox_events WHERE id = '${rows[0]!.id}' AND created_at = '${rows[0]!.created_at}'`,
    );
    expect(plan).toMatchObject({ scansTable: false, rowsRead: 1 });
    expect([...plan.indexes]).toEqual(['pkey']);
  });

  it('the dead letters are found by index', async () => {
    const plan = await planOf(
      `SELECT id FROM outbox_events WHERE dead_lettered_at IS NOT NULL ORDER BY dead_lettered_at DESC LIMIT 50`,
    );
    expect(plan.scansTable).toBe(false);
  });
});

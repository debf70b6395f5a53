import { spellingsOf } from '../../../../contracts/catalogue';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { newId } from '../../../support/events';

let database: TestDatabase;
const post = newId();
const waiting = 20_000;

beforeAll(async () => {
  database = await createTestDatabase();
  // A topic that takes nothing: its events wait, all of one aggregate. The table was never analyzed since.
  for (let written = 0; written < waiting; written += 5_000)
    await database.pool.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, published_at)
       SELECT gen_random_uuid(), $1, 'comment.created', '{}', now() FROM generate_series(1, 5000)`,
      [post],
    );
  await database.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, published_at)
     VALUES (gen_random_uuid(), $1, 'PostDeleted', '{}', now())`,
    [post],
  );
});
afterAll(() => database.drop());

/** Rows found, and pages looked at on the way, by this call of the function. */
async function look(types: readonly string[] | null): Promise<{ rows: number; pages: number }> {
  const { rows } = await database.pool.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM outbox_unemitted(ARRAY['${post}']::uuid[],
       ARRAY[9007199254740991]::bigint[], ${types === null ? 'NULL' : `ARRAY['${types.join("','")}']`}, 100, 500, 2097152, 786432)`,
  );
  const plan = rows[0]!['QUERY PLAN'][0].Plan;
  return { rows: plan['Actual Rows']!, pages: plan['Shared Hit Blocks']! + plan['Shared Read Blocks']! };
}

it(`reads the first rows of an aggregate with ${waiting} waiting ones without walking the others`, async () => {
  await look(null);
  const { rows, pages } = await look(null);
  expect(rows).toBe(100);
  expect(pages).toBeLessThan(2_000);
});

it(`finds the one row of another topic behind ${waiting} without walking them`, async () => {
  const types = [...spellingsOf('content.post.deleted'), ...spellingsOf('content.post.created')];
  await look(types);
  const { rows, pages } = await look(types);
  expect(rows).toBe(1);
  expect(pages).toBeLessThan(2_000);
});

it('takes an event type of any length, which no index entry could hold', async () => {
  const type = 'x'.repeat(10_000);
  const { rowCount } = await database.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $1, $2, '{}')`,
    [newId(), type],
  );
  expect(rowCount).toBe(1);
});

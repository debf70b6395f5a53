import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHandledEvents, forgetHandledEvents, handledEventsSql } from '../../../client/deduplicate';
import { type TestDatabase, createTestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('forgets only what was handled long ago, and makes the table as often as it is asked to', async () => {
  const { pool } = database;
  await createHandledEvents(pool);
  await createHandledEvents(pool);
  await pool.query(`INSERT INTO handled_events VALUES ('g', 'old', now() - interval '8 days'), ('g', 'new', now())`);
  expect(await forgetHandledEvents(pool, 7)).toBe(1);
  expect((await pool.query('SELECT event_id FROM handled_events')).rows).toEqual([{ event_id: 'new' }]);
  await expect(forgetHandledEvents(pool, 0)).rejects.toThrow('olderThanDays is 0; give a number above 0');
});

it('is made by the SQL that its page shows', () => {
  const page = readFileSync(join(__dirname, '../../../docs/subscribing.md'), 'utf8');
  expect(/```sql\n([\s\S]+?)```/.exec(page)?.[1]?.trim()).toBe(handledEventsSql.trim());
});

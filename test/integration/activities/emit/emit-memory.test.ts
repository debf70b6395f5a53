import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type EventRef } from '../../../../contracts/event-ref';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { insertEvent, newId } from '../../../support/events';
import { fromSource } from '../../../support/from-source';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('emits 350 MB of payloads that are stored in 4 MB without ever having 400 MB', async () => {
  const last: EventRef[] = [];
  const filler = 'a'.repeat(700_000);
  for (const user of Array.from({ length: 5 }, newId)) {
    await database.pool.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, published_at)
       SELECT gen_random_uuid(), $1::uuid, 'identity.user.profile_updated',
         jsonb_build_object('user_id', $1::text, 'username', 'x', 'filler', $2::text), now() FROM generate_series(1, 99)`,
      [user, filler],
    );
    last.push(
      await insertEvent(database.pool, 'identity.user.profile_updated', { user_id: user, username: 'x', filler }),
    );
  }
  const script = join(__dirname, '../../../support/emit-memory.ts');
  const args = [...fromSource, script, database.url, JSON.stringify(last)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(Number(stdout)).toBeLessThan(400 * 1024 * 1024);
  const { rowCount } = await database.pool.query('SELECT 1 FROM outbox_events WHERE emitted_at IS NOT NULL');
  expect(rowCount).toBe(500);
});

import { randomUUID } from 'node:crypto';
import { type TestDatabase, createTestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('a plain INSERT of id, aggregate_id, event_type and payload', () => {
  it('is enough: the trigger fills type, priority, version and sequence from the catalogue', async () => {
    const id = randomUUID();
    await database.pool.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $2, 'UserDeletedEvent', '{}')`,
      [id, randomUUID()],
    );
    const { rows } = await database.pool.query(
      'SELECT aggregate_type, priority, schema_version, published_at, retry_count FROM outbox_events WHERE id = $1',
      [id],
    );
    expect(rows).toEqual([
      { aggregate_type: 'user', priority: 1, schema_version: 1, published_at: null, retry_count: 0 },
    ]);
  });
});

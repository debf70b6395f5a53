import { mostCounted, startsLately } from '../../../ops/status/starts-lately';
import { type TestDatabase, createTestDatabase, patientPool } from '../../support/database';
import { insertEvent, newId } from '../../support/events';

let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(() => database.drop());

it('counts what was started within a time, by priority, and how long that took after the commit', async () => {
  const started = async (type: 'follow.added' | 'message.edited', agoSeconds: number, tookSeconds: number) => {
    const { eventId } = await (type === 'follow.added'
      ? insertEvent(database.pool, type, { follower_id: newId(), followee_id: newId() })
      : insertEvent(database.pool, type, {
          message_id: newId(),
          conversation_id: newId(),
          editor_id: newId(),
          content: 'x',
        }));
    const { rows } = await database.pool.query<{ priority: number }>(
      `UPDATE outbox_events SET published_at = now() - $2 * interval '1 second' WHERE id = $1 RETURNING priority`,
      [eventId, agoSeconds],
    );
    await database.pool.query(
      `UPDATE outbox_events SET created_at = published_at - $2 * interval '1 second' WHERE id = $1`,
      [eventId, tookSeconds],
    );
    return rows[0]!.priority;
  };
  const [one, other] = [await started('follow.added', 1, 2), await started('message.edited', 2, 5)];
  await started('follow.added', 3, 4);
  await started('follow.added', 3_600, 60);
  expect(one).not.toBe(other);
  const operator = patientPool({ url: database.urls.operator, max: 1, applicationName: 'nova-test' });
  const found = await startsLately(operator, 600_000);
  await operator.end();
  const names = ['critical', 'high', 'normal', 'low'];
  const figuresOf = (priority: number) => found.find((each) => each.priority === names[priority]);
  expect(found).toHaveLength(2);
  expect(figuresOf(one)).toEqual({ priority: names[one], rows: 2, p50: 3, p95: expect.closeTo(3.9) as number });
  expect(figuresOf(other)).toEqual({ priority: names[other], rows: 1, p50: 5, p95: 5 });
  expect(mostCounted).toBeLessThanOrEqual(10_000);
});

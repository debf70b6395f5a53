import { type EventRef } from '../../../../contracts/event-ref';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { type TestEmitter, startEmitter } from '../../../support/emitter';
import { insertEvent, newId } from '../../../support/events';
import { type Collector, type TestTopics, collect, createTestTopics } from '../../../support/kafka';
import { waitFor } from '../../../support/wait-for';

let database: TestDatabase;
let topics: TestTopics;
let collector: Collector;
let emitter: TestEmitter;

beforeAll(async () => {
  [database, topics] = await Promise.all([createTestDatabase(), createTestTopics(['content'])]);
  collector = await collect(topics.kafka, [topics.topics.content]);
  emitter = await startEmitter({ databaseUrl: database.url, topics: topics.topics });
});
afterAll(async () => {
  await emitter.close();
  await collector.stop();
  await Promise.all([database.drop(), topics.drop()]);
});

const versionOf = (ref: EventRef, version: number) =>
  database.pool.query('UPDATE outbox_events SET schema_version = $2 WHERE id = $1', [ref.eventId, version]);

it('an event that only a newer worker can read holds up what is behind it, and is never given up by an older one', async () => {
  const payload = { post_id: newId(), user_id: newId() };
  const write = () => insertEvent(database.pool, 'content.post.updated', payload);
  const [first, newer, behind] = [await write(), await write(), await write()];
  const beside = await insertEvent(database.pool, 'content.post.updated', { post_id: newId(), user_id: newId() });
  await versionOf(newer, 2);
  const asked = [first, newer, behind, beside].map((ref) =>
    emitter.emit(ref).then(
      () => 'emitted',
      (thrown: unknown) => (thrown as { code?: string; type?: string }).code ?? (thrown as { type?: string }).type,
    ),
  );
  expect(await Promise.all(asked)).toEqual(['emitted', 'UNSUPPORTED_VERSION', 'UNSUPPORTED_VERSION', 'emitted']);
  const { rows } = await database.pool.query('SELECT 1 FROM outbox_events WHERE dead_lettered_at IS NOT NULL');
  expect(rows).toEqual([]);

  // As the newer worker sees it.
  await versionOf(newer, 1);
  await emitter.emit(behind);
  const ofPost = () => collector.messages.filter(({ key }) => key === first.aggregateId);
  await waitFor(() => ofPost().length >= 3);
  expect(ofPost().map(({ headers }) => headers['event_id'])).toEqual([first, newer, behind].map((ref) => ref.eventId));
});

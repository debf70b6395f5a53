import { type EmitOutcome, flushEmits } from '../../../../activities/emit/flush-emits';
import { PgEmitLog } from '../../../../activities/emit/pg-emit-log';
import { type OutgoingEvent, type KafkaOutcome } from '../../../../activities/emit/event-sink';
import { type EventRef } from '../../../../contracts/event-ref';
import { topicNames } from '../../../../contracts/kafka';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { startEmitter } from '../../../support/emitter';
import { insertEvent, newId } from '../../../support/events';
import { createTestTopics } from '../../../support/kafka';
import { silentLogger } from '../../../support/logger';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const topics = topicNames('test');
const bytesOf = (messages: readonly OutgoingEvent[]) => messages.reduce((sum, { body }) => sum + body.length, 0);

/** One flush into a sink that decides about each message; returns what the sink was handed. */
async function flushInto(refs: readonly EventRef[], decide: (message: OutgoingEvent) => KafkaOutcome) {
  const handed: OutgoingEvent[] = [];
  const sink = {
    send: async (messages: readonly OutgoingEvent[]) => {
      handed.push(...messages);
      return new Map(messages.map((message) => [message.eventId, decide(message)]));
    },
  };
  const log = new PgEmitLog(database.pool);
  const outcomes = await flushEmits({ log, sink, topics, logger: silentLogger }, refs);
  return { handed, outcomes };
}

const comment = (post: string) =>
  insertEvent(database.pool, 'comment.created', { comment_id: newId(), post_id: post, user_id: newId() });
const profile = (user: string, filler: string) =>
  insertEvent(database.pool, 'identity.user.profile_updated', { user_id: user, username: 'x', filler });

it('emits an event to its topic however many of another topic wait before it in its aggregate', async () => {
  const own = await createTestTopics(['content']);
  const missing = { ...own.topics, social: `${own.prefix}.nowhere` };
  const emitter = await startEmitter({ databaseUrl: database.url, topics: missing });
  const post = newId();
  const comments: EventRef[] = [];
  while (comments.length < 120) comments.push(await comment(post));
  const deleted = await insertEvent(database.pool, 'content.post.deleted', { post_id: post, user_id: newId() });
  await emitter.emit(deleted);
  expect(await own.messageCount('content')).toBe(1);
  await expect(emitter.emit(comments[0]!)).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
  await emitter.close();
  await own.drop();
});

it('looks past a topic that takes nothing also when its rows fill the bytes of a flush', async () => {
  const user = newId();
  for (let i = 0; i < 5; i++) await profile(user, 'x'.repeat(700_000));
  const follow = await insertEvent(database.pool, 'follow.added', { follower_id: user, followee_id: newId() });
  const { handed, outcomes } = await flushInto([follow], () => 'acknowledged');
  expect(outcomes.get(follow.eventId)).toBe('emitted');
  expect(handed.filter(({ topic }) => topic === topics.identity).length).toBeLessThan(5);
});

it('bounds a flush by the bytes that are sent, not by those that are stored', async () => {
  const users = Array.from({ length: 5 }, newId);
  const last: EventRef[] = [];
  for (const user of users)
    for (let i = 0; i < 8; i++) last[users.indexOf(user)] = await profile(user, 'a'.repeat(700_000));
  const stored = await database.pool.query<{ bytes: number }>(
    `SELECT sum(pg_column_size(payload))::int AS bytes FROM outbox_events WHERE aggregate_id = ANY ($1)`,
    [users],
  );
  expect(stored.rows[0]?.bytes).toBeLessThan(1024 * 1024);

  const left = new Map(last.map((ref) => [ref.eventId, ref]));
  for (let flushes = 0; left.size > 0; flushes++) {
    expect(flushes).toBeLessThan(40);
    const { handed, outcomes } = await flushInto([...left.values()], () => 'acknowledged');
    expect(handed.length).toBeGreaterThan(0);
    // Two mebibytes, and what the last row has more than that.
    expect(bytesOf(handed)).toBeLessThan((2 * 1024 + 768) * 1024);
    for (const [eventId, outcome] of outcomes) if (outcome === 'emitted') left.delete(eventId);
  }
});

it('gives a payload up that is too large for Kafka without carrying it', async () => {
  const user = newId();
  const large = await profile(user, 'a'.repeat(900_000));
  const next = await profile(user, 'small');
  const { handed, outcomes } = await flushInto([large, next], () => 'acknowledged');
  expect(handed.map(({ eventId }) => eventId)).toEqual([next.eventId]);
  expect(outcomes.get(large.eventId)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(outcomes.get(next.eventId)).toBe('emitted');
});

it('marks what was acknowledged when the time is over before all was sent, and asks for the rest again', async () => {
  const posts = [newId(), newId()];
  const refs = [await comment(posts[0]!), await comment(posts[0]!), await comment(posts[1]!)];
  const only = refs[0]!.eventId;
  const { outcomes } = await flushInto(refs, ({ eventId }) => (eventId === only ? 'acknowledged' : 'not_sent'));
  const expected: EmitOutcome[] = ['emitted', 'behind', 'held'];
  expect(refs.map(({ eventId }) => outcomes.get(eventId))).toEqual(expected);
  const { handed } = await flushInto(refs, () => 'acknowledged');
  expect(handed.map(({ eventId }) => eventId)).toEqual([refs[1]!.eventId, refs[2]!.eventId]);
});

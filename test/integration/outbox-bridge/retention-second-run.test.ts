import { type EventType, type PayloadInput } from '../../../contracts/catalogue';
import { type EventRef } from '../../../contracts/event-ref';
import { environmentOf } from '../../../dev/stack/addresses';
import { configFrom } from '../../../runtime/config';
import { createActivities } from '../../../workers/compose';
import { Dependencies } from '../../../workers/dependencies';
import { workerSettings } from '../../../workers/settings';
import { type TestBridge, createTestBridge } from '../../support/bridge';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { deleteRun } from '../../support/delete-run';
import { insertEvent, newId } from '../../support/events';
import { type TestTopics, createTestTopics } from '../../support/kafka';
import { silentLogger } from '../../support/logger';
import { insertUser } from '../../support/notify';
import { servers } from '../../support/servers';
import { type SmtpLab, startSmtpLab } from '../../support/smtp-lab';
import { type TestWorkers, createTestClient, startTestWorkers, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

const prefix = testQueuePrefix();
const domains = ['content', 'media', 'identity', 'message', 'social', 'security'] as const;
let database: TestDatabase;
let topics: TestTopics;
let smtp: SmtpLab;
let client: Awaited<ReturnType<typeof createTestClient>>;
let dependencies: Dependencies;
let workers: TestWorkers;

beforeAll(async () => {
  [database, topics, smtp, client] = await Promise.all([
    createTestDatabase(),
    createTestTopics(domains),
    startSmtpLab(),
    createTestClient(),
  ]);
  const config = configFrom(workerSettings, {
    ...environmentOf(servers()),
    DATABASE_URL: database.url,
    KAFKA_TOPIC_PREFIX: topics.prefix,
    KAFKA_CREATE_TOPICS: 'false',
    REDIS_KEY_PREFIX: `${prefix}:`,
    SMTP_URL: smtp.url,
    TASK_QUEUE_PREFIX: prefix,
  });
  dependencies = new Dependencies(config, silentLogger);
  await dependencies.start();
  workers = await startTestWorkers({ prefix, activities: createActivities(dependencies, config, silentLogger) });
});
afterAll(async () => {
  await workers.stop();
  await dependencies.stop();
  await smtp.stop();
  await client.connection.close();
  await Promise.all([database.drop(), topics.drop()]);
});

async function write<T extends EventType>(type: T, payload: PayloadInput<T>): Promise<EventRef> {
  return insertEvent(database.pool, type, payload, { started: false });
}

/** Rows of every kind of effect. They run all at once: whichever order they take must leave the same state. */
async function everyEffect(): Promise<EventRef[]> {
  const [author, follower, mentioned] = await Promise.all([1, 2, 3].map(() => insertUser(database.pool)));
  const [post, removedPost, media, user] = [newId(), newId(), newId(), newId()];
  await database.pool.query('INSERT INTO follows (followee_id, follower_id) VALUES ($1, $2)', [author, follower]);
  const ids = { author: author!, follower: follower!, mentioned: mentioned! };
  return [
    await write('identity.user.created', { user_id: user, username: 'new', email: 'new@people.example' }),
    await write('media.upload.completed', {
      upload_id: newId(),
      media_id: media,
      user_id: ids.author,
      file_name: 'a.jpg',
      size_bytes: 1,
      post_id: post,
    }),
    await write('content.post.created', {
      post_id: post,
      user_id: ids.author,
      caption: 'hello',
      media_ids: [media],
      mentioned_user_ids: [ids.mentioned],
    }),
    await write('content.post.updated', { post_id: post, user_id: ids.author, caption: 'hello again' }),
    await write('content.post.created', { post_id: removedPost, user_id: ids.author }),
    await write('content.post.deleted', { post_id: removedPost, user_id: ids.author }),
    await write('follow.added', { follower_id: ids.mentioned, followee_id: ids.author }),
    await write('comment.created', {
      comment_id: newId(),
      post_id: post,
      post_owner_id: ids.author,
      user_id: ids.follower,
      mentioned_user_ids: [ids.mentioned],
    }),
    await write('reaction.added', {
      target_id: post,
      target_type: 'post',
      target_owner_id: ids.author,
      user_id: ids.follower,
      emoji: '👍',
    }),
    await write('message.persisted', {
      message_id: newId(),
      conversation_id: newId(),
      sender_id: ids.author,
      recipient_ids: [ids.follower],
      mentioned_user_ids: [ids.mentioned],
    }),
    await write('security.alert.raised', { alert_id: newId(), user_id: ids.mentioned, kind: 'new_login' }),
  ];
}

/** Starts what is pending and waits until every run of these events is over; returns the ids of the runs. */
async function runAll(events: readonly EventRef[]): Promise<string[]> {
  const made: TestBridge = createTestBridge({ pool: database.pool, connection: client.connection as never, prefix });
  await made.bridge.start();
  const over = await Promise.all(
    events.map(async ({ eventId, eventType }) => {
      const run = await waitFor(
        async () => {
          const found = await client.workflow.getHandle(eventId).describe();
          return found.status.name === 'COMPLETED' ? found : undefined;
        },
        { what: `${eventType} done` },
      );
      return run.runId;
    }),
  );
  const pending = 'SELECT FROM outbox_events WHERE published_at IS NULL';
  await waitFor(async () => (await database.pool.query(pending)).rowCount === 0);
  await made.bridge.stop();
  return over;
}

const tables = [
  'notifications',
  'notification_deliveries',
  'post_states',
  'post_media',
  'parked_media',
  'wanted_media',
  'unnamed_claims',
  'tombstones',
  'pull_authors',
  'content_owners',
  'user_profiles',
];

/** All state of all servers, but for when a row was last touched. */
async function everything(): Promise<Record<string, unknown>> {
  const state: Record<string, unknown> = { mails: smtp.received.map(({ messageId }) => messageId).sort() };
  for (const table of tables) {
    const sql = `SELECT to_jsonb(t) - 'updated_at' AS row FROM ${table} t ORDER BY 1`;
    state[table] = (await database.pool.query<{ row: unknown }>(sql)).rows.map(({ row }) => row);
  }
  const emitted = 'SELECT id, emitted_at FROM outbox_events ORDER BY id';
  state['emitted'] = (await database.pool.query(emitted)).rows;
  state['kafka'] = await Promise.all(domains.map((domain) => topics.messageCount(domain)));
  const { redis } = dependencies;
  for (const key of (await redis.keys(`${prefix}:*`)).sort()) {
    const name = key.slice(prefix.length + 1);
    const type = await redis.type(name);
    state[name] =
      type === 'zset'
        ? await redis.zrange(name, '0', '-1', 'WITHSCORES')
        : type === 'set'
          ? (await redis.smembers(name)).sort()
          : type === 'hash'
            ? await redis.hgetall(name)
            : await redis.get(name);
  }
  return state;
}

it('a second run of the same events, after Temporal has forgotten the first, repeats no effect on any server', async () => {
  const events = await everyEffect();
  const first = await runAll(events);
  const before = await everything();
  expect(before['mails']).not.toHaveLength(0);
  expect(before['notifications']).not.toHaveLength(0);
  // More when a reply of Kafka came late.
  expect((before['kafka'] as number[]).reduce((sum, n) => sum + n)).toBeGreaterThanOrEqual(events.length);
  expect(before['post_media']).toHaveLength(1);

  for (const { eventId } of events) await deleteRun(client, eventId);
  // The marks are lost with them, and nothing is as old as the guard: the bridge starts every row again.
  await database.pool.query('UPDATE outbox_events SET published_at = NULL');
  const second = await runAll(events);
  expect(second.filter((id) => first.includes(id))).toEqual([]);
  expect(await everything()).toEqual(before);
});

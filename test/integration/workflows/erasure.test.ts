import { type Client } from '@temporalio/client';
import { PgUserProfiles } from '../../../activities/stores/pg-user-profiles';
import { RedisAuthorCache } from '../../../activities/feed/redis/redis-author-cache';
import { createFeedActivities } from '../../../activities/feed/create-feed-activities';
import { beginFanOut } from '../../../activities/feed/fan-out';
import { createIdentityActivities } from '../../../activities/identity/identity-activities';
import { createNotifyActivities } from '../../../activities/notify/notify-activities';
import { type EventRef } from '../../../contracts/event-ref';
import { taskQueue } from '../../../contracts/workflow-types';
import { armFaultPoints } from '../../../runtime/fault-points';
import { RestartingConsumer } from '../../../runtime/kafka-consumer';
import { type TestEmitter, startEmitter } from '../../support/emitter';
import { insertEvent, newId } from '../../support/events';
import { type FeedHarness, createFeedHarness } from '../../support/feed-harness';
import { type TestTopics, createTestTopics } from '../../support/kafka';
import { notifyDeps } from '../../support/notify';
import {
  type TestWorkers,
  createTestClient,
  patientRun,
  startTestWorkers,
  testQueuePrefix,
} from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

/** As other services do: hears of a deletion on Kafka and removes the follows at once. */
async function startGraphService({ kafka, topics }: TestTopics, pool: FeedHarness['database']['pool']) {
  const consumer = new RestartingConsumer(
    kafka,
    { groupId: `graph-${newId()}`, maxWaitTimeInMs: 20 },
    { onCrash: () => undefined },
  );
  await consumer.start(
    { topics: [topics.identity], fromBeginning: true },
    {
      eachMessage: async ({ message }) => {
        if (String(message.headers?.['event_type']) !== 'identity.user.deleted') return;
        await pool.query('DELETE FROM follows WHERE $1 IN (followee_id, follower_id)', [String(message.key)]);
      },
    },
  );
  return consumer;
}

const prefix = testQueuePrefix();
let feed: FeedHarness;
let client: Client;
let topics: TestTopics;
let emitter: TestEmitter;
let workers: TestWorkers;
let graph: RestartingConsumer;

beforeAll(async () => {
  [feed, client, topics] = await Promise.all([createFeedHarness(), createTestClient(), createTestTopics(['identity'])]);
  const { pool, url } = feed.database;
  emitter = await startEmitter({ databaseUrl: url, topics: topics.topics });
  workers = await startTestWorkers({
    prefix,
    patient: true,
    activities: {
      ...createFeedActivities(feed.deps),
      ...createIdentityActivities({
        ...feed.deps,
        profiles: new PgUserProfiles(pool),
        authors: new RedisAuthorCache(feed.redis),
      }),
      ...createNotifyActivities(notifyDeps(pool)),
      emitEvent: (event: EventRef) => emitter.emit(event),
    },
  });
  graph = await startGraphService(topics, pool);
});
afterEach(() => armFaultPoints(undefined));
afterAll(async () => {
  await workers?.stop();
  await graph?.stop();
  await emitter?.close();
  await Promise.all([client?.connection.close(), topics?.drop(), feed?.close()]);
});

async function author(followers: number) {
  const id = newId();
  const readers = Array.from({ length: followers }, newId);
  await feed.follow(id, ...readers);
  await beginFanOut(feed.deps, await feed.post(id));
  expect(await holding(readers)).toBe(followers);
  return { id, readers };
}
const holding = async (readers: readonly string[]): Promise<number> =>
  (await Promise.all(readers.map((reader) => feed.feedOf(reader)))).filter((posts) => posts.length > 0).length;
const followsOf = async (id: string): Promise<number> =>
  (await feed.database.pool.query('SELECT FROM follows WHERE followee_id = $1', [id])).rowCount ?? 0;
const erase = async (id: string) => {
  const event = await insertEvent(feed.database.pool, 'identity.user.deleted', { user_id: id });
  return client.workflow.start('identityWorkflow', {
    ...patientRun,
    workflowId: event.eventId,
    taskQueue: taskQueue(prefix, 'identity'),
    args: [event],
  });
};

describe('an erased user', () => {
  it('is in no feed though a graph service removes the follows as soon as it hears of it on Kafka', async () => {
    const { id, readers } = await author(300);
    // The purge stands still until the follows are gone: the worst of all orders.
    armFaultPoints((point) =>
      point === 'feed.purge-tombstone'
        ? waitFor(async () => (await followsOf(id)) === 0, { what: 'the graph service' }).then(() => undefined)
        : undefined,
    );
    const run = await erase(id);
    expect(await run.result()).toMatchObject({ outcome: 'done', counts: { removed: 300 } });
    expect(await holding(readers)).toBe(0);
  });

  it('is in no feed though the follows were removed in the transaction that published the event', async () => {
    const { id, readers } = await author(20);
    await feed.database.pool.query('DELETE FROM follows WHERE followee_id = $1', [id]);
    expect(await (await erase(id)).result()).toMatchObject({ counts: { removed: 20 } });
    expect(await holding(readers)).toBe(0);
  });

  it('is in no feed when the follows go while the purge runs', async () => {
    const { id, readers } = await author(50);
    const result: unknown = await (await erase(id)).result();
    await waitFor(async () => (await followsOf(id)) === 0, { what: 'the graph service' });
    expect(result).toMatchObject({ counts: { removed: 50 } });
    expect(await holding(readers)).toBe(0);
  });
});

import { PgContentOwners } from '../../../activities/stores/pg-content-owners';
import { type Client } from '@temporalio/client';
import { type Redis } from 'ioredis';
import { PgEventStore } from '../../../activities/stores/pg-event-store';
import { PgMediaStore } from '../../../activities/media/pg-media-store';
import { PgTombstones } from '../../../activities/stores/pg-tombstones';
import { RedisPendingMedia } from '../../../activities/media/redis-pending-media';
import { TemporalRunSignaller } from '../../../activities/signals/temporal-run-signaller';
import { createEmitActivities } from '../../../activities/emit/create-emit-activities';
import { type MediaDeps } from '../../../activities/media/deps';
import { createMediaActivities } from '../../../activities/media/create-media-activities';
import { type EventRef } from '../../../contracts/event-ref';
import { type WorkflowResult, signals } from '../../../contracts/signals';
import { taskQueue } from '../../../contracts/workflow-types';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { type PatientSink, startPatientSink } from '../../support/emitter';
import { insertEvent, newId } from '../../support/events';
import { type Collector, type TestTopics, collect, createTestTopics } from '../../support/kafka';
import { silentLogger } from '../../support/logger';
import { connectTestRedis } from '../../support/redis';
import {
  type TestWorkers,
  createTestClient,
  patientRun,
  startTestWorkers,
  testQueuePrefix,
} from '../../support/temporal';
import { waitFor } from '../../support/wait-for';
import { OutboxPools } from '../../../runtime/outbox-pools';

const prefix = testQueuePrefix();
let database: TestDatabase;
let topics: TestTopics;
let client: Client;
let redis: Redis;
let workers: TestWorkers;
let sink: PatientSink;
let collector: Collector;
let media: MediaDeps;
let claimMedia: (event: EventRef) => Promise<{ linked: number }>;
const settings = { mediaClaimWindowMs: 3_600_000 };
/** What the look at the end of a window waits for. */
let untilExpiry = Promise.resolve();

beforeAll(async () => {
  [database, topics, client] = await Promise.all([
    createTestDatabase(),
    createTestTopics(['media', 'message']),
    createTestClient(),
  ]);
  [collector, redis, sink] = await Promise.all([
    collect(topics.kafka, [topics.topics.media]),
    connectTestRedis(`${prefix}:`),
    startPatientSink(),
  ]);
  const outboxes = OutboxPools.one(database.pool);
  media = {
    events: new PgEventStore(outboxes),
    owners: new PgContentOwners(database.pool),
    media: new PgMediaStore(database.pool),
    pending: new RedisPendingMedia(redis),
    tombstones: new PgTombstones(database.pool),
    uploads: new TemporalRunSignaller(client, { deadlineMs: 60_000 }),
    settings,
    logger: silentLogger,
  };
  const activities = createMediaActivities(media);
  const mediaExpire = async (event: EventRef) => {
    await untilExpiry;
    return activities.mediaExpire(event);
  };
  claimMedia = (event) => activities.mediaClaim(event);
  workers = await startTestWorkers({
    prefix,
    queues: ['media', 'kafka'],
    patient: true,
    activities: {
      ...{ ...activities, mediaExpire },
      ...createEmitActivities({ outboxes, sink, topics: topics.topics, logger: silentLogger }),
    },
  });
});

afterEach(() => (settings.mediaClaimWindowMs = 3_600_000));

afterAll(async () => {
  await workers.stop();
  await sink.close();
  await collector.stop();
  redis.disconnect();
  await client.connection.close();
  await Promise.all([database.drop(), topics.drop()]);
});

async function upload(more: { post_id?: string; user_id?: string } = {}) {
  const file = { upload_id: newId(), media_id: newId(), user_id: newId(), file_name: 'a.jpg', size_bytes: 1, ...more };
  const event = await insertEvent(database.pool, 'media.upload.completed', file);
  const handle = await client.workflow.start<(event: EventRef) => Promise<WorkflowResult>>('mediaLinkWorkflow', {
    ...patientRun,
    workflowId: event.eventId,
    taskQueue: taskQueue(prefix, 'media'),
    args: [event],
  });
  const onKafka = () => collector.messages.some(({ headers }) => headers['event_id'] === event.eventId);
  return { file, event, handle, onKafka };
}

it('links at once an upload that names its post, and emits it', async () => {
  const entry = { post_id: newId(), user_id: newId() };
  // What the feed records of a post when its event runs.
  await database.pool.query(
    `INSERT INTO post_states (post_id, author_id, status, score_ms, sequence) VALUES ($1, $2, 'published', 0, 1)`,
    [entry.post_id, entry.user_id],
  );
  const { handle, onKafka } = await upload(entry);
  expect(await handle.result()).toEqual({ outcome: 'done', counts: { linked: 1 } });
  await waitFor(onKafka);
});

it('waits for its post, emits meanwhile, and ends as soon as the post claims it', async () => {
  const { file, handle, onKafka } = await upload();
  await waitFor(onKafka);
  expect((await handle.describe()).status.name).toBe('RUNNING');
  const post = { post_id: newId(), user_id: file.user_id, media_ids: [file.media_id] };
  expect(await claimMedia(await insertEvent(database.pool, 'content.post.created', post))).toEqual({ linked: 1 });
  expect(await handle.result()).toEqual({ outcome: 'done', counts: { linked: 1 } });
});

it('waits on a durable timer that says what it waits for', async () => {
  const { handle } = await upload();
  const timer = await waitFor(async () => {
    const { events } = await handle.fetchHistory();
    return events?.find((event) => event.timerStartedEventAttributes);
  });
  expect(String(timer.userMetadata?.summary?.data)).toContain('waits for its post');
  expect(Number(timer.timerStartedEventAttributes?.startToFireTimeout?.seconds)).toBeGreaterThan(1_800);
  await handle.terminate();
});

it('ends as unclaimed, visibly and not as a failure, when no post claims it in its window', async () => {
  settings.mediaClaimWindowMs = 1_000;
  const { handle } = await upload();
  expect(await handle.result()).toEqual({ outcome: 'unclaimed', counts: { linked: 0 } });
  const { searchAttributes, status } = await handle.describe();
  expect(status.name).toBe('COMPLETED');
  expect(searchAttributes['Outcome']).toEqual(['unclaimed']);
});

it('believes the database and not the signal', async () => {
  const { file, handle } = await upload();
  const timers = async () => {
    const { events } = await handle.fetchHistory();
    return (events ?? []).filter((event) => event.timerStartedEventAttributes).length;
  };
  // Before the wait a signal makes it look once more at once, and there is only one wait.
  await waitFor(async () => (await timers()) === 1, { what: 'the wait for a post' });
  await handle.signal(signals.mediaClaimed, { postId: newId(), mediaId: file.media_id });
  await waitFor(async () => (await timers()) === 2, { what: 'another wait' });
  expect((await handle.describe()).status.name).toBe('RUNNING');
  await handle.terminate();
});

it('learns of a claim whose signal was lost when its window ends', async () => {
  settings.mediaClaimWindowMs = 2_000;
  let claimed!: () => void;
  untilExpiry = new Promise((resolve) => (claimed = resolve));
  const { file, event, handle, onKafka } = await upload();
  await waitFor(onKafka);
  const deaf = createMediaActivities({ ...media, uploads: { mediaClaimed: () => Promise.reject(new Error('lost')) } });
  const post = { post_id: newId(), user_id: file.user_id, media_ids: [file.media_id] };
  expect(await deaf.mediaClaim(await insertEvent(database.pool, 'content.post.created', post))).toEqual({ linked: 1 });
  claimed();
  expect(await handle.result()).toEqual({ outcome: 'done', counts: { linked: 1 } });
  expect(await client.workflow.getHandle(event.eventId).result()).toMatchObject({ outcome: 'done' });
});

it('ends an emit that Kafka refuses for good as a failure that names its code', async () => {
  const ids = { message_id: newId(), conversation_id: newId(), sender_id: newId(), content: 'hello' };
  const event = await insertEvent(database.pool, 'message.persisted', ids);
  await database.pool.query(`UPDATE outbox_events SET payload = '{}' WHERE id = $1`, [event.eventId]);
  const failed = client.workflow.execute('emitWorkflow', {
    workflowId: event.eventId,
    taskQueue: taskQueue(prefix, 'kafka'),
    args: [event],
  });
  await expect(failed).rejects.toMatchObject({ cause: { type: 'INVALID_PAYLOAD' } });
});

import { PgAggregateHistory } from '../../../activities/stores/pg-aggregate-history';
import { type EventType } from '../../../contracts/catalogue';
import { type EventRef } from '../../../contracts/event-ref';
import { environmentOf } from '../../../dev/stack/addresses';
import { configFrom } from '../../../runtime/config';
import { createActivities } from '../../../workers/compose';
import { Dependencies } from '../../../workers/dependencies';
import { workerSettings } from '../../../workers/settings';
import { inActivity } from '../../support/activity-context';
import { newId } from '../../support/events';
import { type Collector, type TestTopics, collect, createTestTopics } from '../../support/kafka';
import { silentLogger } from '../../support/logger';
import { insertInto, insertTwin } from '../../support/outbox-rows';
import { type TestOutboxes, createTestOutboxes } from '../../support/outboxes';
import { mostSessionsOf } from '../../support/server-activity';
import { servers } from '../../support/servers';
import { testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let outboxes: TestOutboxes;
let topics: TestTopics;
let collector: Collector;
let dependencies: Dependencies;
let activities: ReturnType<typeof createActivities>;

beforeAll(async () => {
  [outboxes, topics] = await Promise.all([createTestOutboxes('content', 'social'), createTestTopics(['content'])]);
  collector = await collect(topics.kafka, [topics.topics.content]);
  const prefix = testQueuePrefix();
  const listed = JSON.parse(outboxes.environment['OUTBOXES'] ?? '') as object[];
  const config = configFrom(workerSettings, {
    ...environmentOf(servers()),
    ...outboxes.environment,
    OUTBOXES: JSON.stringify(listed.map((outbox) => ({ ...outbox, connections: 2 }))),
    KAFKA_TOPIC_PREFIX: topics.prefix,
    KAFKA_CREATE_TOPICS: 'false',
    REDIS_KEY_PREFIX: `${prefix}:`,
    TASK_QUEUE_PREFIX: prefix,
  });
  dependencies = new Dependencies(config, silentLogger);
  await dependencies.start();
  activities = createActivities(dependencies, config, silentLogger);
});
afterAll(async () => {
  await dependencies.stop();
  await collector.stop();
  await Promise.all([outboxes.drop(), topics.drop()]);
});

/** Two rows with one id, one time, one sequence and one aggregate, the first in content's outbox, the second in social's. */
async function twins(type: EventType, ...payloads: readonly [object, object]) {
  const first = await insertInto(outboxes, 'content', type, payloads[0] as never, { aggregateId: newId() });
  return [first, await insertTwin(outboxes, 'social', first, payloads[1])] as const;
}

const emittedAt = async ({ outbox, eventId }: EventRef) =>
  (
    await outboxes.of[outbox!]!.pool.query<{ at: Date | null }>(
      'SELECT emitted_at AS at FROM outbox_events WHERE id = $1',
      [eventId],
    )
  ).rows[0]?.at;

it.each(['feed', 'media', 'notification', 'identity'] as const)(
  'loads the payloads of the %s effect from the outbox of each event, and stores what they say in State',
  async (effect) => {
    const [one, other] = [newId(), newId()];
    const author = newId();
    const post = (id: string) => ({ post_id: id, user_id: author });
    const mention = (id: string) => ({ ...post(newId()), mentioned_user_ids: [id] });
    const upload = (id: string) => ({
      upload_id: newId(),
      media_id: id,
      user_id: author,
      file_name: 'a',
      size_bytes: 1,
    });
    const act = {
      feed: {
        events: await twins('content.post.created', post(one), post(other)),
        run: (event: EventRef): Promise<unknown> => activities.feedBegin(event),
        stored: `SELECT post_id AS id FROM post_states`,
      },
      media: {
        events: await twins('media.upload.completed', upload(one), upload(other)),
        run: (event: EventRef): Promise<unknown> => activities.mediaLink(event),
        stored: `SELECT media_id AS id FROM parked_media`,
      },
      notification: {
        events: await twins('content.post.created', mention(one), mention(other)),
        run: (event: EventRef): Promise<unknown> => activities.notifyInApp(event, null),
        stored: `SELECT recipient_id AS id FROM notifications`,
      },
      identity: {
        events: await twins(
          'identity.user.created',
          { user_id: one, username: 'u' },
          { user_id: other, username: 'u' },
        ),
        run: (event: EventRef): Promise<unknown> => activities.identityApply(event),
        stored: `SELECT user_id AS id FROM user_profiles`,
      },
    }[effect];
    const stored = async () => {
      const { rows } = await outboxes.state.pool.query<{ id: string }>(act.stored);
      return [one, other].map((id) => rows.some((row) => row.id === id));
    };

    const seen: boolean[][] = [];
    for (const event of act.events) {
      await inActivity(() => act.run(event));
      seen.push(await stored());
    }
    expect(seen).toEqual([
      [true, false],
      [true, true],
    ]);
  },
);

it('asks for what came before an event in the outbox of the event, and hands that outbox on', async () => {
  const post = { post_id: newId(), user_id: newId() };
  const inEach = async (outbox: string) => ({
    created: await insertInto(outboxes, outbox, 'content.post.created', { ...post, status: 'draft' }),
    published: await insertInto(outboxes, outbox, 'content.post.status_updated', { ...post, new_status: 'published' }),
    deleted: await insertInto(outboxes, outbox, 'content.post.deleted', post),
  });
  const [here, there] = [await inEach('content'), await inEach('social')];

  const history = new PgAggregateHistory(dependencies.outboxes.feed);
  for (const { created, published, deleted } of [here, there]) {
    expect(await history.creation(deleted)).toMatchObject({ eventId: created.eventId, outbox: deleted.outbox });
    expect(await history.startedBefore(deleted, 9)).toEqual([published.eventId, created.eventId]);
    const when = { new_status: 'published' };
    expect(await history.firstPublication({ ...published, when })).toBe(published.eventId);
  }
});

it('emits from the outbox of each event and marks there, for rows with one id too', async () => {
  const said = (caption: string) => ({ post_id: newId(), user_id: newId(), caption });
  const [here, there] = await twins('content.post.created', said('content'), said('social'));
  const captions = () =>
    collector.messages
      .filter(({ headers }) => headers['event_id'] === here.eventId)
      .map(({ body }) => (JSON.parse(body) as { caption: string }).caption);

  await inActivity(() => activities.emitEvent(here));
  await waitFor(() => captions().length === 1);
  expect(captions()).toEqual(['content']);
  expect([await emittedAt(here), await emittedAt(there)]).toEqual([expect.any(Date), null]);

  await inActivity(() => activities.emitEvent(there));
  await waitFor(() => captions().length === 2);
  expect(captions()).toEqual(['content', 'social']);
  expect(await emittedAt(there)).toEqual(expect.any(Date));
});

it('holds no more connections to a database than its outbox may have, however many of its events run at once', async () => {
  const events = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      insertInto(outboxes, i % 2 === 0 ? 'content' : 'social', 'content.post.created', {
        post_id: newId(),
        user_id: newId(),
      }),
    ),
  );
  let ended = false;
  const burst = Promise.all(
    events.flatMap((event) => [
      inActivity(() => activities.emitEvent(event)),
      inActivity(() => activities.feedBegin(event)),
      inActivity(() => activities.notifyInApp(event, null)),
    ]),
  ).finally(() => (ended = true));
  const most = await Promise.all(
    Object.values(outboxes.of).map(({ pool }) => mostSessionsOf(pool, 'nova-worker-%', async () => ended)),
  );
  await burst;
  const two = { 'nova-worker-events': 1, 'nova-worker-kafka': 1 };
  expect(most).toEqual([two, two]);
});

it('waits for the outbox of an event that its settings do not name: no retry is given up for it', async () => {
  const event = {
    ...(await insertInto(outboxes, 'content', 'identity.user.created', { user_id: newId(), username: 'u' })),
    outbox: 'media',
  };
  for (const activity of [activities.identityApply, activities.emitEvent])
    await expect(inActivity<unknown>(() => activity(event))).rejects.toMatchObject({
      type: 'UNKNOWN_OUTBOX',
      nonRetryable: false,
      message: 'UNKNOWN_OUTBOX: no outbox media; this process has content, social (OUTBOXES)',
    });
});

import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { createFeedActivities } from '../../../activities/feed/create-feed-activities';
import { RedisFeedStore } from '../../../activities/feed/redis/redis-feed-store';
import { type DeliveryChannel, type SendOutcome } from '../../../activities/notify/channel';
import { createNotifyActivities } from '../../../activities/notify/notify-activities';
import { PgDeliveryLedger } from '../../../activities/notify/pg-delivery-ledger';
import { PgNotificationStore } from '../../../activities/notify/pg-notification-store';
import { type EventRef } from '../../../contracts/event-ref';
import { KafkaAdmin } from '../../../runtime/kafka-admin';
import { createEffectMetrics } from '../../../workers/effect-metrics';
import { GroupLag } from '../../../workers/group-lag';
import { meteredActivities } from '../../../workers/metered-activities';
import { type Activities } from '../../../workflows/activities';
import { inActivity } from '../../support/activity-context';
import { insertEvent, newId } from '../../support/events';
import { type FeedHarness, createFeedHarness, withSettings } from '../../support/feed-harness';
import { createTestTopics } from '../../support/kafka';
import { insertUser, notifyDeps } from '../../support/notify';
import { waitFor } from '../../support/wait-for';

let harness: FeedHarness;
beforeAll(async () => {
  harness = await createFeedHarness();
});
afterAll(() => harness.close());

/** Series that are not 0, by name and labels; of histograms the counts alone. */
async function seriesOf(registry: Registry): Promise<Record<string, number>> {
  const text = await registry.metrics();
  const lines = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !/_(bucket|sum)\{/.test(line));
  const all = lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]);
  return Object.fromEntries(all.filter(([, value]) => value !== 0)) as Record<string, number>;
}

/** The feed activities as a worker has them, two followers to a page. */
function feedActivities(registry: Registry) {
  const meter = createEffectMetrics(registry);
  const deps = withSettings(harness, { feedPageSize: 2, feedPagesPerCall: 10 });
  const { feedCap: cap, feedChunkSize: chunkSize } = deps.settings;
  const feeds = new RedisFeedStore(harness.redis, { cap, chunkSize, meter });
  const activities = createFeedActivities({ ...deps, feeds, meter }) as unknown as Activities;
  return meteredActivities(activities, meter);
}

const effect = (name: string, part: string, priority = 'normal') =>
  `nova_commit_to_effect_seconds_count{effect="${name}",part="${part}",priority="${priority}"}`;

it('count the first page of a fan-out when it is written and its end at the last page, and each feed', async () => {
  const registry = new Registry();
  const { feedBegin, feedFanoutPages, retractBegin, retractPages } = feedActivities(registry);
  const [author, followers] = [newId(), Array.from({ length: 5 }, newId)];
  await harness.follow(author, ...followers);
  const post = await harness.post(author);
  const begun = await inActivity(() => feedBegin(post));
  expect(await seriesOf(registry)).toEqual({
    [effect('feed', 'first')]: 1,
    'nova_feeds_written_total{change="added"}': 2,
  });
  await inActivity(() => feedFanoutPages(post, begun.next ?? { after: null, count: 0 }));
  expect(await seriesOf(registry)).toEqual({
    ...{ [effect('feed', 'first')]: 1, [effect('feed', 'last')]: 1 },
    'nova_feeds_written_total{change="added"}': 5,
  });
  const removed = await harness.remove(post, author);
  const retracted = await inActivity(() => retractBegin(removed));
  expect(await seriesOf(registry)).toMatchObject({ [effect('retraction', 'first')]: 1 });
  expect(await seriesOf(registry)).not.toHaveProperty([effect('retraction', 'last')]);
  await inActivity(() => retractPages(removed, retracted.next ?? { after: null, count: 0 }));
  expect(await seriesOf(registry)).toMatchObject({
    [effect('retraction', 'last')]: 1,
    'nova_feeds_written_total{change="taken_out"}': 5,
  });
});

it('show an effect that came after 100 seconds in the bucket of 120, and one after 400 beyond the last of 300', async () => {
  const registry = new Registry();
  const { feedBegin } = feedActivities(registry);
  for (const seconds of [100, 400]) {
    const post = await harness.post(newId());
    await inActivity(() => feedBegin({ ...post, createdAtMs: Date.now() - seconds * 1_000 }));
  }
  const text = await registry.metrics();
  const upTo = (le: string) =>
    Number(new RegExp(`_bucket\\{le="${le}",effect="feed",part="first",priority="normal"\\} (\\d+)`).exec(text)?.[1]);
  expect([upTo('60'), upTo('120'), upTo('300'), upTo('\\+Inf')]).toEqual([0, 1, 1, 2]);
});

it('count nothing of a post that is deleted before its fan-out: no one sees it', async () => {
  const registry = new Registry();
  const author = newId();
  await harness.follow(author, newId());
  const post = await harness.post(author);
  const { feedBegin, retractBegin } = feedActivities(registry);
  const removed = await harness.remove(post, author);
  await inActivity(() => retractBegin(removed));
  await inActivity(() => feedBegin(post));
  expect(Object.keys(await seriesOf(registry)).filter((series) => series.includes('feed"'))).toEqual([]);
});

it('count deliveries by channel, state and reason, those that are skipped by a wish too, and no delivery twice', async () => {
  const registry = new Registry();
  const meter = createEffectMetrics(registry);
  const { pool } = harness.database;
  const outcomes: SendOutcome[] = [
    { kind: 'accepted' },
    { kind: 'unknown', reason: 'SMTP_REPLY_LOST' },
    { kind: 'refused', reason: 'SMTP_REJECTED' },
    { kind: 'not_sent', reason: 'SMTP_CONNECT', scope: 'channel' },
    { kind: 'accepted' },
  ];
  const email: DeliveryChannel = {
    name: 'email',
    limits: { sendConcurrency: 1, sendsPerActorPerHour: 100 },
    destinations: ({ email: address }) => (address === undefined ? [] : [address]),
    compose: () => ({ subject: '', text: '' }),
    send: async () => outcomes.shift() ?? { kind: 'accepted' },
  };
  const store = new PgNotificationStore(pool, meter);
  const activities = createNotifyActivities(
    notifyDeps(pool, { email, store, ledger: new PgDeliveryLedger(pool, meter), meter }),
  );
  const people = await Promise.all(Array.from({ length: 5 }, () => insertUser(pool)));
  await pool.query(
    `INSERT INTO notification_preferences (user_id, kind, channel, enabled) VALUES ($1, 'message.mention', 'email', false)`,
    [people[0]],
  );
  const event: EventRef = await insertEvent(pool, 'message.persisted', {
    message_id: newId(),
    conversation_id: newId(),
    sender_id: await insertUser(pool),
    content: 'hello',
    mentioned_user_ids: people,
  });
  // The second call finds everything made.
  for (const _ of [1, 2]) await inActivity(() => activities.notifyInApp(event, null));
  const inboxes = 'nova_deliveries_total{channel="in_app",state="sent",reason=""}';
  expect(await seriesOf(registry)).toEqual({
    ...{ [inboxes]: 5, 'nova_deliveries_total{channel="email",state="skipped",reason="SWITCHED_OFF"}': 1 },
    ...{ [effect('inbox', 'first', 'high')]: 1, [effect('inbox', 'last', 'high')]: 1 },
  });
  await expect(inActivity(() => activities.notifyDeliver(event, 'email'))).rejects.toThrow('CHANNEL_UNAVAILABLE');
  await inActivity(() => activities.notifyDeliver(event, 'email'));
  const ofEmail = (state: string, reason = '') =>
    `nova_deliveries_total{channel="email",state="${state}",reason="${reason}"}`;
  expect(await seriesOf(registry)).toMatchObject({
    ...{ [ofEmail('sent')]: 2, [ofEmail('unknown', 'SMTP_REPLY_LOST')]: 1, [ofEmail('failed', 'SMTP_REJECTED')]: 1 },
    ...{ [ofEmail('pending', 'SMTP_CONNECT')]: 1, [inboxes]: 5, [effect('email', 'first', 'high')]: 2 },
  });
});

it('show how far a consumer group is behind, of each topic of events that it reads; not other groups', async () => {
  const topics = await createTestTopics(['content']);
  const { kafka, topics: names } = topics;
  const group = `lag-${randomUUID().slice(0, 8)}`;
  const send = async (count: number) => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({
      topic: names.content,
      messages: Array.from({ length: count }, (_, i) => ({ key: String(i), value: '{}' })),
    });
    await producer.disconnect();
  };
  const read = async (groupId: string) => {
    const consumer = kafka.consumer({ groupId });
    await consumer.connect();
    await consumer.subscribe({ topic: names.content, fromBeginning: true });
    let count = 0;
    await consumer.run({ eachMessage: async () => void count++ });
    await waitFor(() => count >= 3);
    return consumer;
  };
  const registry = new Registry();
  const admin = new KafkaAdmin(kafka);
  let nowMs = 0;
  const lag = new GroupLag({
    ...{ kafka: admin, topics: [names.content, 'not.there.yet'], registry, now: () => nowMs },
    wanted: [`${group}*`],
  });
  const look = async () => {
    await lag.look();
    return seriesOf(registry);
  };
  try {
    await send(3);
    const consumers = [await read(`${group}-search`), await read(`other-${group}`)];
    // No one has scraped yet: no broker is asked.
    expect(await lag.look()).toBe(1_000);
    await registry.metrics();
    const members = `nova_consumer_group_members{group="${group}-search"}`;
    await waitFor(async () => {
      // Looks for groups again.
      nowMs += 301_000;
      await registry.metrics();
      return (await look())[members] === 1;
    });
    await Promise.all(consumers.map((consumer) => consumer.disconnect()));
    await send(7);
    expect(await look()).toEqual({ [`nova_consumer_group_lag{group="${group}-search",topic="${names.content}"}`]: 7 });
  } finally {
    admin.close();
    await topics.drop();
  }
});

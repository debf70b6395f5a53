import { type Client } from '@temporalio/client';
import { Redis } from 'ioredis';
import { type Pool } from 'pg';
import { kafkaHeaders } from '../../contracts/kafka';
import { queueNames, taskQueue } from '../../contracts/workflow-types';
import { type Received } from '../support/kafka';
import { waitFor, waitUntilDone } from '../support/wait-for';
import { type Story } from './traffic';

interface OutboxRow {
  readonly id: string;
  readonly published: boolean;
  readonly emitted: boolean;
  readonly dead: boolean;
  readonly retries: number;
  readonly error: string | null;
}

/** The rows of a story as they are now. */
export async function rowsOf(pool: Pool, story: Pick<Story, 'events'>): Promise<OutboxRow[]> {
  const { rows } = await pool.query<OutboxRow>(
    `SELECT id, published_at IS NOT NULL AS published, emitted_at IS NOT NULL AS emitted,
       dead_lettered_at IS NOT NULL AS dead, retry_count AS retries, last_error AS error
     FROM outbox_events WHERE id = ANY ($1::uuid[])`,
    [story.events.map(({ id }) => id)],
  );
  return rows;
}

/** The server's fault alone: nothing is given up and no attempt is counted. */
export async function expectNothingBurnt(pool: Pool, story: Story): Promise<void> {
  const rows = await rowsOf(pool, story);
  expect(rows).toHaveLength(story.events.length);
  expect(rows.filter(({ dead, retries }) => dead || retries > 0)).toEqual([]);
}

/** Waits until every row is started and emitted, then compares the tables with what the story says. */
export async function expectAllDone(pool: Pool, story: Story): Promise<void> {
  await untilEmitted(pool, story);
  await expectNothingBurnt(pool, story);
  await waitFor(async () => (await noticesOf(pool, story)).length >= story.notices.size, { what: 'the notifications' });
  expect((await noticesOf(pool, story)).sort()).toEqual([...story.notices].sort());
  await waitFor(async () => (await linksOf(pool, story)).length >= story.links.size, { what: 'the media links' });
  expect((await linksOf(pool, story)).sort()).toEqual([...story.links].sort());
}

/** Waits until every row is started and emitted. */
export async function untilEmitted(pool: Pool, story: Pick<Story, 'events'>): Promise<void> {
  const steps = async (): Promise<number> =>
    (await rowsOf(pool, story)).reduce((sum, row) => sum + Number(!row.published) + Number(!row.emitted), 0);
  await waitUntilDone(steps, { what: 'every row started and emitted' });
}

export async function noticesOf(pool: Pool, story: Pick<Story, 'events'>): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT event_id || ':' || recipient_id AS name FROM notifications WHERE event_id = ANY ($1::uuid[])`,
    [story.events.map(({ id }) => id)],
  );
  return rows.map(({ name }) => name);
}

export async function linksOf(pool: Pool, story: Pick<Story, 'links'>): Promise<string[]> {
  const posts = [...story.links].map((link) => link.split(':')[0]);
  const { rows } = await pool.query<{ name: string }>(
    `SELECT post_id || ':' || media_id AS name FROM post_media WHERE post_id = ANY ($1::uuid[])`,
    [posts],
  );
  return rows.map(({ name }) => name);
}

/** Every event is on Kafka, and the first appearances of each aggregate rise in sequence. Nothing else is there. */
export function expectOnKafka(messages: readonly Received[], story: Story): void {
  const id = (message: Received): string => message.headers[kafkaHeaders.eventId] ?? '';
  expect(new Set(messages.map(id))).toEqual(new Set(story.events.map((event) => event.id)));
  for (const aggregateId of new Set(story.events.map((event) => event.aggregateId))) {
    const events = story.events.filter((event) => event.aggregateId === aggregateId);
    const known = new Map(events.map((event) => [event.id, event.sequence]));
    const firsts = [...new Set(messages.filter((message) => known.has(id(message))).map(id))];
    const sequences = firsts.map((first) => known.get(first) ?? 0);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
  }
}

/** Every event has one run under the prefix, and no other run is there. */
export async function expectOneRunEach(client: Client, prefix: string, story: Story): Promise<void> {
  const queues = queueNames.map((queue) => `"${taskQueue(prefix, queue)}"`).join(', ');
  const runs = async (): Promise<string[]> => {
    const ids: string[] = [];
    for await (const run of client.workflow.list({ query: `TaskQueue IN (${queues})` })) ids.push(run.workflowId);
    return ids.sort();
  };
  const expected = story.events.map(({ id }) => id).sort();
  // Visibility follows the starts at a distance.
  await waitFor(async () => (await runs()).length >= expected.length, { what: 'every run being visible' });
  expect(await runs()).toEqual(expected);
}

/** What Redis holds of each reader of the story, newest first, read by a client of its own. */
export async function feedsIn(redisUrl: string, prefix: string, story: Story): Promise<Map<string, string[]>> {
  const redis = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 0, enableOfflineQueue: false });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const feeds = new Map<string, string[]>();
    for (const reader of story.feeds.keys())
      feeds.set(reader, await redis.zrevrange(`${prefix}:feed:${reader}`, 0, -1));
    return feeds;
  } finally {
    redis.disconnect();
  }
}

/** Waits until each feed holds what the story says, no more and no less. Posts of one millisecond may change places. */
export async function expectFeeds(redisUrl: string, prefix: string, story: Story): Promise<void> {
  const wrong = async (): Promise<number> => {
    const feeds = await feedsIn(redisUrl, prefix, story);
    return [...story.feeds].reduce((sum, [reader, wanted]) => sum + differences(wanted, feeds.get(reader) ?? []), 0);
  };
  await waitUntilDone(wrong, { what: 'every feed being right' });
}

/** How many of two lists are in one of them alone, or more often in one than in the other. */
function differences(some: readonly string[], others: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const one of some) counts.set(one, (counts.get(one) ?? 0) + 1);
  for (const other of others) counts.set(other, (counts.get(other) ?? 0) - 1);
  return [...counts.values()].reduce((sum, count) => sum + Math.abs(count), 0);
}

import { type Client } from '@temporalio/client';
import { type Pool } from 'pg';
import { domains } from '../../contracts/events/define';
import { topicNames } from '../../contracts/kafka';
import { queueNames, taskQueue } from '../../contracts/workflow-types';
import { type StackAddresses } from '../../dev/stack/addresses';
import { type Evidence, type OutboxRow } from '../../proof/checks/evidence';
import { feedsOf } from '../../proof/checks/expected-feeds';
import { feedFaults } from '../../proof/checks/feeds';
import { kafkaFaults } from '../../proof/checks/kafka';
import { mediaFaults } from '../../proof/checks/media';
import { notificationFaults } from '../../proof/checks/notifications';
import { postFaults } from '../../proof/checks/posts-shown';
import { rowFaults } from '../../proof/checks/rows';
import { runFaults } from '../../proof/checks/runs';
import { readRuns } from '../../proof/observe/read-runs';
import { readEffects, readOutbox } from '../../proof/observe/read-tables';
import { readRedis } from '../../proof/observe/redis-reader';
import { createKafka } from '../../runtime/kafka';
import { collect } from '../support/kafka';
import { silentLogger } from '../support/logger';
import { waitFor, waitUntilDone } from '../support/wait-for';
import { type Story } from './traffic';

// What is here gathers evidence while servers come and go, and waits. What is right is for proof/checks to say.

interface StoryRow extends OutboxRow {
  readonly started: boolean;
  readonly emitted: boolean;
}

/** The rows of a story as they are now. */
export async function rowsOf(pool: Pool, story: Pick<Story, 'events'>): Promise<StoryRow[]> {
  const ids = new Set(story.events.map(({ id }) => id));
  return (await readOutbox(pool))
    .filter(({ id }) => ids.has(id))
    .map((row) => ({ ...row, started: row.publishedAtMs !== null, emitted: row.emittedAtMs !== null }));
}

/** Sentences on events of the story that have no row. */
function lostRows({ events }: Pick<Story, 'events'>, rows: readonly OutboxRow[]): string[] {
  const there = new Set(rows.map(({ id }) => id));
  return events.flatMap(({ id }) =>
    there.has(id) ? [] : [`event ${id} was committed, but its outbox row is not there`],
  );
}

/** The server's fault alone: nothing is lost or given up and no attempt is counted. */
export async function expectNothingBurnt(pool: Pool, story: Story): Promise<void> {
  const rows = await rowsOf(pool, story);
  const { unaccounted, givenUp, burnt } = rowFaults(rows, lostRows(story, rows));
  expect([...unaccounted, ...givenUp, ...burnt]).toEqual([]);
}

/** Waits until every row is started and emitted, then compares the tables with what the story says. */
export async function expectAllDone(pool: Pool, story: Story): Promise<void> {
  await untilEmitted(pool, story);
  const rows = await rowsOf(pool, story);
  expect(sentences(rowFaults(rows, lostRows(story, rows)))).toEqual([]);
  const notices = async () => notificationFaults(story.notices, await noticesOf(pool, story));
  await waitFor(async () => (await notices()).missing.length === 0, { what: 'the notifications' });
  expect(sentences(await notices())).toEqual([]);
  const expected = {
    wanted: story.links,
    isGone: (postId: string) => story.posts.get(postId)?.status === 'deleted',
    unclaimed: new Set<string>(),
  };
  const media = async () => mediaFaults(expected, await linksOf(pool, story), []);
  await waitFor(async () => (await media()).missing.length === 0, { what: 'the media links' });
  expect(sentences(await media())).toEqual([]);
}

/** Waits until every row is started and emitted. */
export async function untilEmitted(pool: Pool, story: Pick<Story, 'events'>): Promise<void> {
  const steps = async (): Promise<number> =>
    (await rowsOf(pool, story)).reduce((sum, row) => sum + Number(!row.started) + Number(!row.emitted), 0);
  await waitUntilDone(steps, { what: 'every row started and emitted' });
}

export async function noticesOf(pool: Pool, story: Pick<Story, 'events'>): Promise<Evidence['notices']> {
  const ids = new Set(story.events.map(({ id }) => id));
  return (await readEffects(pool)).notices.filter(({ eventId }) => ids.has(eventId));
}

export async function linksOf(pool: Pool, story: Pick<Story, 'posts'>): Promise<Evidence['links']> {
  return (await readEffects(pool)).links.filter(({ postId }) => story.posts.has(postId));
}

/**
 * Every event is on Kafka, and the first appearances of each aggregate rise in sequence. Nothing else is
 * there, and each body is the payload. A broker that hung may store what was sent long before.
 */
export function expectOnKafka(messages: Evidence['messages'], story: Story): void {
  const {
    duplicates: _,
    late: _late,
    ...faults
  } = kafkaFaults({ events: story.events, rolledBack: new Set() }, messages);
  expect(sentences(faults)).toEqual([]);
}

/** Everything on the broker, as soon as it holds every event of the story. */
export async function messagesOnKafka(
  { kafkaBrokers }: Pick<StackAddresses, 'kafkaBrokers'>,
  prefix: string,
  story: Pick<Story, 'events'>,
): Promise<Evidence['messages']> {
  const kafka = createKafka({ kafkaBrokers: kafkaBrokers.split(',') }, 'outage-test', silentLogger);
  const topics = topicNames(prefix);
  const collector = await collect(
    kafka,
    domains.map((domain) => topics[domain]),
  );
  try {
    const missing = async (): Promise<number> => {
      const there = new Set(collector.messages.map(({ headers }) => headers['event_id']));
      return story.events.filter(({ id }) => !there.has(id)).length;
    };
    await waitUntilDone(missing, { what: 'every event on Kafka' });
    return collector.messages;
  } finally {
    await collector.stop();
  }
}

/** Waits until every event has one run under the prefix that came to a good end, and no other run is there. */
export async function expectOneRunEach(client: Client, prefix: string, story: Story): Promise<void> {
  const queues = queueNames.map((queue) => `"${taskQueue(prefix, queue)}"`).join(', ');
  const ids = story.events.map(({ id }) => id);
  const faults = async () => {
    const runs = await readRuns(client, `TaskQueue IN (${queues})`, ids);
    return runFaults({ events: story.events, rolledBack: new Set() }, runs);
  };
  await waitUntilDone(async () => (await faults()).unfinished.length, { what: 'every run having ended' }).catch(
    async (thrown: Error) => {
      const { unfinished } = await faults();
      const [id = ''] = /[0-9a-f-]{36}/.exec(unfinished[0] ?? '') ?? [];
      const { raw, status } = await client.workflow.getHandle(id).describe();
      const { pendingActivities, pendingWorkflowTask } = raw;
      const first = JSON.stringify({ status: status.name, pendingActivities, pendingWorkflowTask });
      throw new Error(`${thrown.message}: ${unfinished.slice(0, 5).join('; ')}; the first: ${first}`, {
        cause: thrown,
      });
    },
  );
  expect(sentences(await faults())).toEqual([]);
}

/** What Redis holds of each reader of the story, newest first, read by a client of its own. */
export async function feedsIn(redisUrl: string, prefix: string, story: Story): Promise<Map<string, string[]>> {
  const { feeds } = await readRedis(redisUrl, `${prefix}:`);
  return new Map(
    [...story.feeds.keys()].map((reader) => [reader, (feeds.get(reader)?.entries ?? []).map(({ postId }) => postId)]),
  );
}

/**
 * Waits until each feed holds what the story says, in its order, no more and no less, and until what is shown of a post is
 * what was written last, and nothing when it was deleted.
 */
export async function expectFeeds(redisUrl: string, prefix: string, story: Story): Promise<void> {
  const expected = feedsOf(story.feeds, story.events);
  const faults = async (): Promise<string[]> => {
    const redis = await readRedis(redisUrl, `${prefix}:`);
    const { pull: _, ...feeds } = feedFaults(expected, redis);
    const { resurrected, stale } = postFaults({ posts: story.posts, gone: new Map() }, { redis, notices: [] });
    return [...sentences(feeds), ...resurrected, ...stale];
  };
  await waitUntilDone(async () => (await faults()).length, { what: 'every feed being right' });
}

function sentences(faults: object): string[] {
  return Object.values(faults as Record<string, readonly string[]>).flat();
}

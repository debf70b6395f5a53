import { type Pool } from 'pg';
import { beginFanOut } from '../../activities/feed/fan-out';
import { FeedReader } from '../../client/feed';
import { type Connections, opsSettings } from '../../ops/connections';
import { configFrom } from '../../runtime/config';
import { OutboxPools } from '../../runtime/outbox-pools';
import { patientPool } from './database';
import { newId } from './events';
import { type FeedHarness, createFeedHarness, withSettings } from './feed-harness';
import { runOps } from './ops-command';
import { startStandInWorkers } from './stand-in-workers';

export const feedCap = 10;
const feedPullThreshold = 2;

/** People with feeds, and what the commands of `nova` ask, with the rights of an operator. */
export interface WhyWorld {
  readonly feed: FeedHarness;
  readonly deps: FeedHarness['deps'];
  readonly workers: Awaited<ReturnType<typeof startStandInWorkers>>;
  readonly connections: Connections;
  /** A post of an author whom the user follows, in a feed that was read. */
  followed(): ReturnType<typeof followedIn>;
  /** What the person's app shows, page by page. */
  sees(user: string, postId: string): Promise<boolean>;
  ops(...args: string[]): ReturnType<typeof runOps>;
  close(): Promise<void>;
}

export async function createWhyWorld(): Promise<WhyWorld> {
  const feed = await createFeedHarness();
  const operator = patientPool({ url: feed.database.urls.operator, max: 4, applicationName: 'nova-test' });
  const workers = await startStandInWorkers();
  // As if a worker ran.
  await feed.redis.incr('feed_beat');
  const deps = withSettings(feed, { feedCap, feedPullThreshold });
  const sees = (user: string, postId: string) => seesIn(feed, user, postId);
  const environment = {
    ...{ DATABASE_URL: feed.database.urls.operator, REDIS_KEY_PREFIX: feed.redis.options.keyPrefix ?? '' },
    ...{ TASK_QUEUE_PREFIX: workers.prefix, FEED_CAP: String(feedCap) },
  };
  return {
    ...{ feed, deps, workers, sees, connections: connectionsOf(feed, operator, workers) },
    followed: () => followedIn({ feed, deps, sees }),
    ops: (...args) => runOps(environment, ...args),
    close: async () => {
      await workers.stop();
      await operator.end();
      await feed.close();
    },
  };
}

function connectionsOf({ database, redis }: FeedHarness, pool: Pool, workers: WhyWorld['workers']): Connections {
  const config = {
    ...configFrom(opsSettings, { DATABASE_URL: database.url, TASK_QUEUE_PREFIX: workers.prefix }),
    ...{ feedCap, feedPullThreshold, redisKeyPrefix: redis.options.keyPrefix ?? '' },
  };
  const workflows = workers.client.workflow;
  return { config, pool, outboxes: OutboxPools.one(pool), redis, workflows } as unknown as Connections;
}

async function followedIn({ feed, deps, sees }: Pick<WhyWorld, 'feed' | 'deps' | 'sees'>) {
  const [user, author] = [newId(), newId()];
  await feed.follow(author, user);
  const post = await feed.post(author);
  await beginFanOut(deps, post);
  await sees(user, post.aggregateId);
  return { user, author, post, postId: post.aggregateId };
}

async function seesIn({ database, redis }: FeedHarness, user: string, postId: string): Promise<boolean> {
  const reader = new FeedReader({ database: database.pool, redis, feedCap });
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await reader.page(user, { limit: 5, cursor });
    if (page.posts.some((post) => post.postId === postId)) return true;
    cursor = page.next;
  }
  return false;
}

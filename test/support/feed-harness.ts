import { randomUUID } from 'node:crypto';
import { type Redis } from 'ioredis';
import { PgAggregateHistory } from '../../activities/stores/pg-aggregate-history';
import { PgAuthorTraces } from '../../activities/feed/pg-author-traces';
import { PgEventStore } from '../../activities/stores/pg-event-store';
import { PgFeedTruth } from '../../activities/feed/pg-feed-truth';
import { PgFollowerSource } from '../../activities/stores/pg-follower-source';
import { PgPostStates } from '../../activities/feed/pg-post-states';
import { PgWaitingUploads } from '../../activities/stores/pg-waiting-uploads';
import { PgTombstones } from '../../activities/stores/pg-tombstones';
import { RedisFeedPurge } from '../../activities/feed/redis/redis-feed-purge';
import { RedisFeedStore } from '../../activities/feed/redis/redis-feed-store';
import { RedisKeyWalk } from '../../activities/feed/redis/redis-key-walk';
import { feedKey } from '../../feeds/feed-keys';
import { type FeedDeps } from '../../activities/feed/deps';
import { type FeedSettings, feedSettings } from '../../activities/feed/settings';
import { type SqlFeedTruth } from '../../feeds/sql-feed-truth';
import { type EventRef } from '../../contracts/event-ref';
import { configFrom } from '../../runtime/config';
import { type TestDatabase, createTestDatabase } from './database';
import { insertEvent, newId } from './events';
import { connectTestRedis } from './redis';
import { OutboxPools } from '../../runtime/outbox-pools';

/** Real adapters on a database and a Redis prefix of their own, and what the business services would do. */
export interface FeedHarness {
  readonly database: TestDatabase;
  readonly redis: Redis;
  readonly deps: FeedDeps & { readonly truth: SqlFeedTruth };
  follow(followee: string, ...followers: string[]): Promise<void>;
  unfollow(followee: string, follower: string): Promise<void>;
  /** Commits the row of a new post; returns the ref its workflow would get. */
  post(author: string, more?: { postId?: string; status?: 'published' | 'draft'; caption?: string }): Promise<EventRef>;
  status(created: EventRef, author: string, status: 'published' | 'archived' | 'deleted'): Promise<EventRef>;
  remove(created: Pick<EventRef, 'aggregateId'>, author: string): Promise<EventRef>;
  /** Post ids in a user's stored feed, newest first. */
  feedOf(user: string): Promise<string[]>;
  close(): Promise<void>;
}

/** Another set of settings on the same servers, for tests with tiny pages or caps. */
export function withSettings(harness: FeedHarness, settings: Partial<FeedSettings>): FeedHarness['deps'] {
  const all = { ...harness.deps.settings, ...settings };
  const feeds = new RedisFeedStore(harness.redis, { cap: all.feedCap, chunkSize: all.feedChunkSize });
  return { ...harness.deps, settings: all, feeds };
}

export async function createFeedHarness(runs?: FeedDeps['runs']): Promise<FeedHarness> {
  const database = await createTestDatabase();
  const redis = await connectTestRedis(`test:${randomUUID()}:`);
  const settings = configFrom(feedSettings, {});
  const { pool } = database;
  const deps = {
    events: new PgEventStore(OutboxPools.one(pool)),
    history: new PgAggregateHistory(OutboxPools.one(pool)),
    tombstones: new PgTombstones(pool),
    followers: new PgFollowerSource(pool),
    feeds: new RedisFeedStore(redis, { cap: settings.feedCap, chunkSize: settings.feedChunkSize }),
    posts: new PgPostStates(pool),
    walk: new RedisKeyWalk(redis, feedKey),
    purge: new RedisFeedPurge(redis),
    traces: new PgAuthorTraces(pool),
    truth: new PgFeedTruth(pool),
    uploads: new PgWaitingUploads(pool),
    runs: runs ?? { deleted: () => Promise.resolve(false) },
    settings,
  };
  return {
    database,
    redis,
    deps,
    follow: async (followee, ...followers) => {
      await pool.query(
        'INSERT INTO follows (followee_id, follower_id) SELECT $1, unnest($2::uuid[]) ON CONFLICT DO NOTHING',
        [followee, followers],
      );
    },
    unfollow: async (followee, follower) => {
      await pool.query('DELETE FROM follows WHERE followee_id = $1 AND follower_id = $2', [followee, follower]);
    },
    post: (author, { postId = newId(), ...more } = {}) =>
      insertEvent(pool, 'content.post.created', { post_id: postId, user_id: author, ...more }),
    status: (created, author, status) =>
      insertEvent(pool, 'content.post.status_updated', {
        post_id: created.aggregateId,
        user_id: author,
        new_status: status,
      }),
    remove: (created, author) =>
      insertEvent(pool, 'content.post.deleted', { post_id: created.aggregateId, user_id: author }),
    feedOf: async (user) => (await deps.feeds.read(user)).entries.map((entry) => entry.postId),
    close: async () => {
      const keys = await redis.keys(`${redis.options.keyPrefix}*`);
      const prefix = redis.options.keyPrefix?.length ?? 0;
      if (keys.length > 0) await redis.unlink(...keys.map((key) => key.slice(prefix)));
      redis.disconnect();
      await database.drop();
    },
  };
}

import { PgFeedTruth } from '../../activities/feed/pg-feed-truth';
import { PgRepairSource } from '../../activities/feed/pg-repair-source';
import { RedisAuthorCache } from '../../activities/feed/redis/redis-author-cache';
import { RedisFeedStore } from '../../activities/feed/redis/redis-feed-store';
import { RedisKeyWalk } from '../../activities/feed/redis/redis-key-walk';
import { feedKey } from '../../feeds/feed-keys';
import { rebuildFeed } from '../../feeds/rebuild';
import { repairStore } from '../../activities/feed/repair';
import { asRedisError } from '../../runtime/redis';
import { type Connections } from '../connections';

/**
 * Writes the feeds of these users again, or, when none is named, puts right whatever Redis holds: every feed, also of people
 * who follow no one any more, the authors whose posts readers merge, the users who may not be shown. Safe beside running
 * fan-outs. `progress` is called with the count after every page.
 * @returns how many feeds were written
 */
export async function rebuildFeeds(
  { pool, redis, config }: Connections,
  userIds: readonly string[],
  progress: (done: number) => void,
): Promise<number> {
  await redis.connect().catch((thrown: unknown) => {
    throw asRedisError(thrown);
  });
  const deps = {
    truth: new PgFeedTruth(pool),
    feeds: new RedisFeedStore(redis, { cap: config.feedCap, chunkSize: config.feedChunkSize }),
    walk: new RedisKeyWalk(redis, feedKey),
    authors: new RedisAuthorCache(redis),
    source: new PgRepairSource(pool),
    settings: config,
  };
  if (userIds.length > 0) {
    for (const userId of userIds) await rebuildFeed(deps, userId);
    return userIds.length;
  }
  let shown = 0;
  const { feeds } = await repairStore(deps, {
    progress: {
      resumeAt: undefined,
      report: (point) => {
        if (point.feeds > shown) progress(point.feeds);
        shown = point.feeds;
      },
      alive: () => undefined,
      cancelled: () => false,
    },
  });
  return feeds;
}

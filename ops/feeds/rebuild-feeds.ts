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
import { type MissingFeeds, rebuildMissingFeeds } from './missing-feeds';

/** What a rebuild reads and writes, once Redis replies. */
async function connected({ pool, redis, config }: Connections) {
  await redis.connect().catch((thrown: unknown) => {
    throw asRedisError(thrown);
  });
  return {
    redis,
    truth: new PgFeedTruth(pool),
    feeds: new RedisFeedStore(redis, { cap: config.feedCap, chunkSize: config.feedChunkSize }),
    walk: new RedisKeyWalk(redis, feedKey),
    authors: new RedisAuthorCache(redis),
    source: new PgRepairSource(pool),
    settings: config,
  };
}

/**
 * Writes the feeds of these users again, or, when none is named, puts right whatever Redis holds: every feed, also of people
 * who follow no one any more, the authors whose posts readers merge, the users who may not be shown. Safe beside running
 * fan-outs. `progress` is called with the count after every page.
 * @returns how many feeds were written
 */
export async function rebuildFeeds(
  connections: Connections,
  userIds: readonly string[],
  progress: (done: number) => void,
): Promise<number> {
  const deps = await connected(connections);
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

/** Writes only the feeds that Redis does not hold and should. Safe beside running fan-outs. */
export const rebuildMissing = async (
  connections: Connections,
  progress: (soFar: MissingFeeds) => void,
): Promise<MissingFeeds> => rebuildMissingFeeds(await connected(connections), progress);

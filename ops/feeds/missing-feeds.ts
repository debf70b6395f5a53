import { type Redis } from 'ioredis';
import { type PgRepairSource } from '../../activities/feed/pg-repair-source';
import { feedKey } from '../../feeds/feed-keys';
import { rebuildFeed } from '../../feeds/rebuild';
import { asRedisError } from '../../runtime/redis';
import { leastUuid } from '../../runtime/uuid';

export interface MissingFeeds {
  /** People who follow another, as far as the walk has come. */
  readonly lookedAt: number;
  /** Feeds that Redis did not hold, written again. */
  readonly rebuilt: number;
}

/** People of one page: one round trip to Redis. */
const pageSize = 500;

type Deps = Parameters<typeof rebuildFeed>[0] & {
  readonly redis: Redis;
  readonly source: Pick<PgRepairSource, 'followers'>;
};

/**
 * Writes the feeds again that PostgreSQL says should be in Redis and that are not there. One that is there is not touched, whatever is
 * in it; an empty feed is not missing, since Redis keeps none. Page by page in the order of ids, so that it needs the same
 * memory for any number of people; begun again after an interruption, it finds what is left. `progress` is called after each page.
 */
export async function rebuildMissingFeeds(
  deps: Deps,
  progress: (soFar: MissingFeeds) => void,
  pageOf = pageSize,
): Promise<MissingFeeds> {
  let [lookedAt, rebuilt] = [0, 0];
  for (let after = leastUuid; ;) {
    const ids = await deps.source.followers(after, pageOf);
    const there = await areThere(deps.redis, ids);
    for (const userId of ids.filter((_, i) => !there[i])) {
      const newest = await deps.truth.timeline(userId, { delivery: 'push', limit: 1 });
      if (newest.length === 0) continue;
      await rebuildFeed(deps, userId);
      rebuilt += 1;
    }
    lookedAt += ids.length;
    const last = ids.at(-1);
    if (last === undefined) return { lookedAt, rebuilt };
    progress({ lookedAt, rebuilt });
    after = last;
  }
}

/** For each of these people whether Redis holds a feed. */
async function areThere(redis: Redis, userIds: readonly string[]): Promise<boolean[]> {
  if (userIds.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const userId of userIds) pipeline.exists(feedKey(userId));
  const replies = await pipeline.exec().catch((thrown: unknown) => {
    throw asRedisError(thrown);
  });
  return (replies ?? []).map(([error, reply]) => {
    if (error !== null) throw asRedisError(error);
    return reply === 1;
  });
}

import { PgFeedTruth } from '../activities/adapters/pg-feed-truth';
import { RedisFeedStore } from '../activities/adapters/redis-feed-store';
import { rebuildFeed } from '../activities/feed/rebuild';
import { type Connections } from './connections';

const pageSize = 500;
const followersAfter = `
  SELECT DISTINCT follower_id FROM follows WHERE follower_id > $1 ORDER BY follower_id LIMIT $2`;

/**
 * Writes the feeds of these users anew, or of everybody who follows somebody when none is named. Safe beside running
 * fan-outs. `progress` is told the count after every page. @returns how many feeds were written
 */
export async function rebuildFeeds(
  { pool, redis, config }: Connections,
  userIds: readonly string[],
  progress: (done: number) => void,
): Promise<number> {
  await redis.connect();
  const deps = {
    truth: new PgFeedTruth(pool),
    feeds: new RedisFeedStore(redis, { cap: config.feedCap, chunkSize: config.feedChunkSize }),
    settings: config,
  };
  if (userIds.length > 0) {
    for (const userId of userIds) await rebuildFeed(deps, userId);
    return userIds.length;
  }
  let done = 0;
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const { rows } = await pool.query<{ follower_id: string }>(followersAfter, [after, pageSize]);
    const last = rows.at(-1);
    if (last === undefined) return done;
    for (const { follower_id } of rows) await rebuildFeed(deps, follower_id);
    done += rows.length;
    after = last.follower_id;
    progress(done);
  }
}

import { PgFeedTruth } from '../activities/adapters/pg-feed-truth';
import { RedisFeedStore } from '../activities/adapters/redis-feed-store';
import { rebuildFeed } from '../activities/feed/rebuild';
import { type FeedStore } from '../activities/ports/feed-store';
import { type Connections } from './connections';

const pageSize = 500;
const nobody = '00000000-0000-0000-0000-000000000000';
const followersAfter = `
  SELECT DISTINCT follower_id FROM follows WHERE follower_id > $1 ORDER BY follower_id LIMIT $2`;
const pullAuthorsAfter = `SELECT author_id FROM pull_authors WHERE author_id > $1 ORDER BY author_id LIMIT $2`;

/**
 * Writes the feeds of these users anew, or, when none is named, of everybody who follows somebody, and the set of authors
 * whose posts readers merge themselves. Safe beside running fan-outs. `progress` is told the count after every page. @returns how many feeds were written
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
  await restorePullAuthors(pool, deps.feeds);
  let done = 0;
  for (let after = nobody; ;) {
    const { rows } = await pool.query<{ follower_id: string }>(followersAfter, [after, pageSize]);
    const last = rows.at(-1);
    if (last === undefined) return done;
    for (const { follower_id } of rows) await rebuildFeed(deps, follower_id);
    done += rows.length;
    after = last.follower_id;
    progress(done);
  }
}

async function restorePullAuthors(pool: Connections['pool'], feeds: Pick<FeedStore, 'addPullAuthor'>): Promise<void> {
  for (let after: string | undefined = nobody; after !== undefined;) {
    const { rows }: { rows: { author_id: string }[] } = await pool.query(pullAuthorsAfter, [after, pageSize]);
    await Promise.all(rows.map(({ author_id }) => feeds.addPullAuthor(author_id)));
    after = rows.at(-1)?.author_id;
  }
}

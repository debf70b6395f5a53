import { PgFeedTruth } from '../activities/adapters/pg-feed-truth';
import { RedisFeedStore } from '../activities/adapters/redis-feed-store';
import { rebuildFeed } from '../activities/feed/rebuild';
import { type Connections } from './connections';

const pageSize = 500;
const followers = `
  SELECT DISTINCT follower_id AS id FROM follows WHERE follower_id > $1 ORDER BY follower_id LIMIT $2`;
const pullAuthors = `SELECT author_id AS id FROM pull_authors WHERE author_id > $1 ORDER BY author_id LIMIT $2`;

/**
 * Writes the feeds of these users anew, or, when none is named, of everybody who follows somebody, and the set of authors
 * whose posts readers merge themselves. Safe beside running fan-outs. `progress` is told the count after every page.
 * @returns how many feeds were written
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
  for await (const ids of pages(pool, pullAuthors))
    await Promise.all(ids.map((authorId) => deps.feeds.addPullAuthor(authorId)));
  let done = 0;
  for await (const ids of pages(pool, followers)) {
    for (const userId of ids) await rebuildFeed(deps, userId);
    done += ids.length;
    progress(done);
  }
  return done;
}

/** Ids in their order, page by page; `text` selects those after $1, at most $2. */
async function* pages(pool: Connections['pool'], text: string): AsyncIterable<string[]> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const { rows } = await pool.query<{ id: string }>(text, [after, pageSize]);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ id }) => id);
    after = last.id;
  }
}

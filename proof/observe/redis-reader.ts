import { Redis } from 'ioredis';

/** What Redis holds of one person's feed. */
export interface StoredFeed {
  /** Newest first. */
  readonly entries: readonly { readonly postId: string; readonly score: number }[];
  /** Below this score the feed holds nothing; null: it was never trimmed. */
  readonly bound: number | null;
}

export interface RedisState {
  readonly feeds: ReadonlyMap<string, StoredFeed>;
  /** Post id to the caption that the cached summary shows. */
  readonly captions: ReadonlyMap<string, string>;
  readonly pullAuthors: ReadonlySet<string>;
  /** Post id to the number of pages of feeds that were written for it and not looked at again; none with zero. */
  readonly openPages: ReadonlyMap<string, number>;
  /** Whom readers do not show. */
  readonly hiddenUsers: ReadonlySet<string>;
  /** Whose name the cache has. */
  readonly authors: ReadonlySet<string>;
}

/** Reads every feed and every cached post under the prefix, by a client of its own. */
export async function readRedis(url: string, prefix: string): Promise<RedisState> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined); // the command that fails says it
  await redis.connect();
  try {
    const keys = await scan(redis, prefix);
    const named = (kind: string) => keys.filter((key) => key.startsWith(`${prefix}${kind}:`));
    const idOf = (key: string) => key.slice(key.lastIndexOf(':') + 1);
    const users = [...new Set([...named('feed'), ...named('feed_bound')].map(idOf))];
    const feeds = await inChunks(users, async (chunk) => {
      const pipeline = redis.pipeline();
      for (const user of chunk)
        pipeline.zrevrange(`${prefix}feed:${user}`, 0, -1, 'WITHSCORES').get(`${prefix}feed_bound:${user}`);
      const replies = await repliesOf(pipeline.exec());
      return chunk.map(
        (user, i) => [user, feedOf(replies[2 * i] as string[], replies[2 * i + 1] as string | null)] as const,
      );
    });
    const captions = await inChunks(named('post'), async (chunk) =>
      (await redis.mget(chunk)).map((json, i) => [idOf(chunk[i] ?? ''), captionOf(json)] as const),
    );
    const openPages = await inChunks(named('feed_open'), async (chunk) => {
      const pipeline = redis.pipeline();
      for (const key of chunk) pipeline.hlen(key);
      const counts = (await repliesOf(pipeline.exec())) as number[];
      return chunk.map((key, i) => [idOf(key), counts[i] ?? 0] as const);
    });
    return {
      feeds: new Map(feeds),
      captions: new Map(captions),
      pullAuthors: new Set(await redis.smembers(`${prefix}pull_authors`)),
      openPages: new Map(openPages.filter(([, pages]) => pages > 0)),
      hiddenUsers: new Set(await redis.smembers(`${prefix}hidden_users`)),
      authors: new Set(named('author').map(idOf)),
    };
  } finally {
    redis.disconnect();
  }
}

/** Removes every key under the prefix, but none of a run in `keep` (prefixes). */
export async function deleteKeys(url: string, prefix: string, keep: readonly string[] = []): Promise<number> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  await redis.connect();
  try {
    const keys = (await scan(redis, prefix)).filter((key) => !keep.some((kept) => key.startsWith(kept)));
    await inChunks(keys, async (chunk) => [await redis.unlink(chunk)]);
    return keys.length;
  } finally {
    redis.disconnect();
  }
}

async function scan(redis: Redis, prefix: string): Promise<string[]> {
  const keys = new Set<string>();
  for (let cursor = '0'; ;) {
    const [next, found] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 5_000);
    for (const key of found) keys.add(key);
    if (next === '0') return [...keys];
    cursor = next;
  }
}

async function inChunks<In, Out>(items: readonly In[], work: (chunk: In[]) => Promise<Out[]>): Promise<Out[]> {
  const results: Out[] = [];
  for (let i = 0; i < items.length; i += 2_000) results.push(...(await work(items.slice(i, i + 2_000))));
  return results;
}

async function repliesOf(executed: Promise<[Error | null, unknown][] | null>): Promise<unknown[]> {
  return ((await executed) ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}

function feedOf(flat: readonly string[], bound: string | null): StoredFeed {
  const entries = Array.from({ length: flat.length / 2 }, (_, i) => ({
    postId: flat[2 * i] ?? '',
    score: Number(flat[2 * i + 1]),
  }));
  return { entries, bound: bound === null ? null : Number(bound) };
}

function captionOf(json: string | null): string {
  return String((JSON.parse(json ?? '{}') as { caption?: unknown }).caption);
}

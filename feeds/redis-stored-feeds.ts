import { randomUUID } from 'node:crypto';
import { type Redis } from 'ioredis';
import { boundKey, epochKey, feedKey, markKey } from './feed-keys';
import { confirmFeed, replaceFeed } from './replace-feed.lua';
import { type FeedEntry, type StoredFeed, type StoredFeeds } from './stored-feed';

type Script = (keyCount: number, ...keysAndArgs: (string | number)[]) => Promise<number>;
const scripts = { novaReplaceFeed: replaceFeed, novaConfirmFeed: confirmFeed };

/** Feeds as sorted sets. A script touches several keys, so it needs one Redis primary, not Redis Cluster. */
export class RedisStoredFeeds implements StoredFeeds {
  private readonly ofFeed: Record<keyof typeof scripts, Script>;

  constructor(protected readonly redis: Redis) {
    for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(name, { lua });
    this.ofFeed = redis as unknown as Record<keyof typeof scripts, Script>;
  }

  async replace(userId: string, { entries, bound }: { entries: readonly FeedEntry[]; bound: number }): Promise<string> {
    const write = randomUUID();
    const keys = [feedKey(userId), boundKey(userId), markKey(userId), epochKey];
    const args = entries.flatMap((entry) => [entry.scoreMs, entry.postId]);
    await this.reply(this.ofFeed.novaReplaceFeed(keys.length, ...keys, bound, write, ...args));
    return write;
  }

  async confirm(userId: string, write: string): Promise<boolean> {
    return (await this.reply(this.ofFeed.novaConfirmFeed(2, markKey(userId), epochKey, write))) === 1;
  }

  async read(userId: string): Promise<StoredFeed> {
    // One transaction: a trim between the two reads would look like a hole.
    const transaction = this.redis
      .multi()
      .zrevrange(feedKey(userId), 0, -1, 'WITHSCORES')
      .mget(boundKey(userId), markKey(userId), epochKey)
      .exec()
      .then((replies) =>
        (replies ?? []).map(([error, reply]) => {
          if (error) throw error;
          return reply;
        }),
      );
    const [flat, [bound, mark, epoch]] = (await this.reply(transaction)) as [
      string[],
      [bound: string | null, mark: string | null, epoch: string | null],
    ];
    const entries: FeedEntry[] = [];
    for (let i = 0; i < flat.length; i += 2) entries.push({ postId: String(flat[i]), scoreMs: Number(flat[i + 1]) });
    // An empty feed does not exist in Redis, and neither does one that was evicted.
    const known = entries.length > 0 && bound !== null && mark === (epoch ?? '0');
    return { entries, bound: bound === null ? null : Number(bound), known };
  }

  /** Every reply of Redis passes through here: the workers give its failures their code. */
  protected reply<T>(reply: Promise<T>): Promise<T> {
    return reply;
  }
}

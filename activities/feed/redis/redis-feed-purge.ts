import { type Redis } from 'ioredis';
import { NovaError } from '../../../contracts/failures';
import { asRedisError } from '../../../runtime/redis';
import { type FeedPurge } from '../feed-purge';
import { purgeFeeds } from './lua/purge-feeds';
import { purgeKey, tombstoneKey, tombstoneSeconds } from './redis-keys';
import { feedKey } from '../../../feeds/feed-keys';

/** Feeds of one script: with full feeds and an author of many posts some 20 ms of Redis's time, usually 1 ms. */
const feedsPerCall = 100;
const listSeconds = 24 * 3600;

type Purging = Redis & { novaPurgeFeeds(keyCount: number, ...keys: string[]): Promise<number> };

export class RedisFeedPurge implements FeedPurge {
  private readonly redis: Purging;

  constructor(redis: Redis) {
    redis.defineCommand('novaPurgeFeeds', { lua: purgeFeeds });
    this.redis = redis as Purging;
  }

  async list(authorId: string, postIds: readonly string[]): Promise<void> {
    if (postIds.length === 0) return;
    const commands = this.redis.multi().sadd(purgeKey(authorId), ...postIds);
    commands.expire(purgeKey(authorId), listSeconds);
    for (const postId of postIds) commands.set(tombstoneKey(postId), 'final', 'EX', tombstoneSeconds);
    const replies = await replied(commands.exec());
    const failed = (replies ?? []).find(([error]) => error !== null)?.[0];
    if (failed) throw asRedisError(failed) as Error;
  }

  async takeOut(authorId: string, userIds: readonly string[]): Promise<number> {
    let removed = 0;
    for (let from = 0; from < userIds.length; from += feedsPerCall) {
      const keys = [purgeKey(authorId), ...userIds.slice(from, from + feedsPerCall).map(feedKey)];
      const count = await replied(this.redis.novaPurgeFeeds(keys.length, ...keys));
      if (count < 0) throw new NovaError('REDIS_UNAVAILABLE', 'Redis lost the list of posts to be purged');
      removed += count;
    }
    if (userIds.length > 0) await replied(this.redis.expire(purgeKey(authorId), listSeconds));
    return removed;
  }

  async end(authorId: string): Promise<void> {
    await replied(this.redis.unlink(purgeKey(authorId)));
  }
}

function replied<T>(reply: Promise<T>): Promise<T> {
  return reply.catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error));
}

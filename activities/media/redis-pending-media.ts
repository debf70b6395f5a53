import { type Redis } from 'ioredis';
import { asRedisError } from '../../runtime/redis';

/** The set `pending_media:{user_id}` that older readers know. A convenience: PostgreSQL is the truth. */
export class RedisPendingMedia {
  constructor(private readonly redis: Redis) {}

  /** @throws NovaError REDIS_UNAVAILABLE */
  async add(userId: string, mediaId: string, ttlMs: number): Promise<void> {
    const key = `pending_media:${userId}`;
    await this.redis
      .multi()
      .sadd(key, mediaId)
      .pexpire(key, ttlMs)
      .exec()
      .catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error));
  }

  /** @throws NovaError REDIS_UNAVAILABLE */
  async remove(userId: string, mediaIds: readonly string[]): Promise<void> {
    await this.redis
      .srem(`pending_media:${userId}`, ...mediaIds)
      .catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error));
  }
}

import { type Redis } from 'ioredis';
import { asRedisError } from '../../runtime/redis';
import { type PendingMedia } from './pending-media';

export class RedisPendingMedia implements PendingMedia {
  constructor(private readonly redis: Redis) {}

  async add(userId: string, mediaId: string, ttlMs: number): Promise<void> {
    const key = `pending_media:${userId}`;
    await this.redis
      .multi()
      .sadd(key, mediaId)
      .pexpire(key, ttlMs)
      .exec()
      .catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error));
  }

  async remove(userId: string, mediaIds: readonly string[]): Promise<void> {
    await this.redis
      .srem(`pending_media:${userId}`, ...mediaIds)
      .catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error));
  }
}

import { type Redis } from 'ioredis';
import { asRedisError } from '../../../runtime/redis';
import { type PublicProfile } from '../../stores/pg-user-profiles';
import { authorKey, hiddenUsersKey } from './redis-keys';

/** What a feed reader finds under `author:<uuid>`, as JSON. */
export interface CachedAuthor {
  readonly username: string | null;
  readonly display_name: string | null;
  readonly avatar_url: string | null;
  readonly is_verified: boolean;
}

export { authorKey, hiddenUsersKey };

/** Author data for feed readers, and the set of users no one is shown. A copy: PostgreSQL is the truth. */
export class RedisAuthorCache {
  constructor(private readonly redis: Redis) {}

  async put(userId: string, { username, displayName, avatarUrl, isVerified }: PublicProfile): Promise<void> {
    const author: CachedAuthor = {
      username,
      display_name: displayName,
      avatar_url: avatarUrl,
      is_verified: isVerified,
    };
    await this.run(() => this.redis.set(authorKey(userId), JSON.stringify(author)));
  }

  /**
   * Hides the user from every reader and drops what was cached of them.
   * Hidden first: a reader between the two commands finds cached data of someone it must not show, not the reverse.
   */
  async hide(userId: string): Promise<void> {
    await this.run(() => this.redis.sadd(hiddenUsersKey, userId));
    await this.run(() => this.redis.del(authorKey(userId)));
  }

  private async run(command: () => Promise<unknown>): Promise<void> {
    try {
      await command();
    } catch (thrown) {
      throw asRedisError(thrown);
    }
  }
}

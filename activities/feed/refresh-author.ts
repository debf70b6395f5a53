import { faultPoint } from '../../runtime/fault-points';
import { type RedisAuthorCache } from './redis/redis-author-cache';
import { type PgUserProfiles, type StoredProfile } from '../stores/pg-user-profiles';

/**
 * Copies what PostgreSQL says now of a user to Redis, and once more if it changed meanwhile: of two refreshes side by side
 * the later one to write has read the later state. A user who is unknown counts as hidden.
 * @returns the profile that was copied
 */
export async function refreshAuthor(
  { profiles, authors }: { readonly profiles: PgUserProfiles; readonly authors: RedisAuthorCache },
  userId: string,
): Promise<StoredProfile | undefined> {
  for (;;) {
    const profile = await profiles.find(userId);
    if (profile?.state === 'active') await authors.put(userId, profile);
    else await authors.hide(userId);
    await faultPoint('identity.cached');
    const now = await profiles.find(userId);
    if (JSON.stringify(now) === JSON.stringify(profile)) return profile;
  }
}

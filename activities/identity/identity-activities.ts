import { type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { faultPoint } from '../../runtime/fault-points';
import { guarded } from '../guard';
import { type AuthorCache } from '../feed/author-cache';
import { type EventStore } from '../stores/event-store';
import { type Tombstones } from '../stores/tombstones';
import { type UserProfiles } from '../stores/user-profiles';
import { refreshAuthor } from '../feed/refresh-author';

export interface IdentityDeps {
  readonly events: EventStore;
  readonly tombstones: Tombstones;
  readonly profiles: UserProfiles;
  readonly authors: AuthorCache;
}

/** What became of the user. */
export interface IdentityResult {
  readonly hidden: boolean;
  /** A hard delete: what the user left in feeds and inboxes has to go too. */
  readonly erased: boolean;
}

export function createIdentityActivities(deps: IdentityDeps) {
  return guarded({
    /** Applies an identity event: PostgreSQL first, then the copy in Redis. Idempotent, and right in any order of events. */
    identityApply: async (event: EventRef): Promise<IdentityResult> => {
      const record = await deps.events.load(event);
      await store(deps, record);
      await faultPoint('identity.stored');
      const profile = await refreshAuthor(deps, userIdOf(record));
      return { hidden: profile?.state !== 'active', erased: profile?.state === 'deleted' };
    },
  });
}

export type IdentityActivities = ReturnType<typeof createIdentityActivities>;

async function store({ profiles, tombstones }: IdentityDeps, event: EventRecord): Promise<void> {
  const { sequence } = event;
  switch (event.eventType) {
    case 'identity.user.created': {
      const user = event.payload as PayloadOf<'identity.user.created'>;
      return profiles.apply({ userId: user.user_id, sequence, username: user.username, email: user.email });
    }
    case 'identity.user.profile_updated': {
      const user = event.payload as PayloadOf<'identity.user.profile_updated'>;
      return profiles.apply({
        userId: user.user_id,
        sequence,
        username: user.username,
        displayName: user.display_name,
        avatarUrl: user.avatar_url,
        isVerified: user.is_verified,
      });
    }
    case 'identity.user.deleted': {
      const user = event.payload as PayloadOf<'identity.user.deleted'>;
      const final = !user.soft_delete;
      const reason = final ? 'user deleted' : 'user hidden';
      await tombstones.set({ subjectType: 'user', subjectId: user.user_id, sequence, final, reason });
      await faultPoint('identity.tombstone-set');
      return final ? profiles.erase(user.user_id, sequence) : profiles.hide(user.user_id, sequence);
    }
    default:
      throw new Error(`identityApply got an event of type ${event.eventType}`);
  }
}

function userIdOf(event: EventRecord): string {
  return (event.payload as unknown as { user_id: string }).user_id;
}

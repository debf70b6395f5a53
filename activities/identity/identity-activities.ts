import { profileOf, tombstoneOf } from '../../contracts/consequences';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { faultPoint } from '../../runtime/fault-points';
import { guarded } from '../guard';
import { type RedisAuthorCache } from '../feed/redis/redis-author-cache';
import { type PgEventStore } from '../stores/pg-event-store';
import { type PgTombstones } from '../stores/pg-tombstones';
import { type PgUserProfiles } from '../stores/pg-user-profiles';
import { refreshAuthor } from '../feed/refresh-author';

export interface IdentityDeps {
  readonly events: PgEventStore;
  readonly tombstones: PgTombstones;
  readonly profiles: PgUserProfiles;
  readonly authors: RedisAuthorCache;
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
      const userId = await store(deps, record);
      await faultPoint('identity.stored');
      const profile = await refreshAuthor(deps, userId);
      return { hidden: profile?.state !== 'active', erased: profile?.state === 'deleted' };
    },
  });
}

export type IdentityActivities = ReturnType<typeof createIdentityActivities>;

/** Stores what the event says of a user, or that they are gone; returns the user's id. */
async function store({ profiles, tombstones }: IdentityDeps, event: EventRecord): Promise<string> {
  const { sequence } = event;
  const profile = profileOf(event);
  if (profile !== undefined) {
    await profiles.apply({ ...profile, sequence });
    return profile.userId;
  }
  const tombstone = tombstoneOf(event);
  if (tombstone?.subjectType !== 'user') throw new Error(`identityApply got an event of type ${event.eventType}`);
  const { subjectId: userId, final } = tombstone;
  await tombstones.set(tombstone);
  await faultPoint('identity.tombstone-set');
  await (final ? profiles.erase(userId, sequence) : profiles.hide(userId, sequence));
  return userId;
}

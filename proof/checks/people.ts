import { type RedisState } from '../observe/redis-reader';
import { checked, type CheckResult } from './check';
import { type PostStateRow, type ProfileRow } from './evidence';
import { type Truth } from './truth';

interface Seen {
  readonly profiles: readonly ProfileRow[];
  readonly postStates: readonly PostStateRow[];
  readonly redis: Pick<RedisState, 'hiddenUsers' | 'authors'>;
}

/** Sentences, by what is wrong. */
export interface PeopleFaults {
  /** Deleted, and a name or an address is left, or not marked as deleted. */
  readonly unerased: readonly string[];
  /** Deleted, and a post of theirs is not, and no tombstone forbids it. */
  readonly authors: readonly string[];
  /**
   * Deleted, and something that a post of theirs says is kept. With `unerased`, these are all tables with text of a person; the
   * outbox's own rows go with their partition.
   */
  readonly texts: readonly string[];
  /** Gone, and not marked as hidden, for readers and in the table. */
  readonly unhidden: readonly string[];
  /** Gone, and the cache still has the name. */
  readonly cached: readonly string[];
}

/** Of people who were deleted for good nothing is left; those who left, for good or not, are hidden. */
export function peopleFaults({ gone }: Pick<Truth, 'gone'>, { profiles, postStates, redis }: Seen): PeopleFaults {
  const stored = new Map(profiles.map((profile) => [profile.userId, profile]));
  const people = [...gone.keys()];
  const deleted = people.filter((userId) => gone.get(userId) === 'deleted');
  const isErased = (userId: string): boolean => {
    const { state, named } = stored.get(userId) ?? { state: 'absent', named: true };
    return state === 'deleted' && !named;
  };
  const isHidden = (userId: string): boolean =>
    redis.hiddenUsers.has(userId) && ['hidden', 'deleted'].includes(stored.get(userId)?.state ?? '');
  const ofDeleted = new Set(deleted);
  return {
    unerased: deleted.filter((userId) => !isErased(userId)).map((userId) => `user ${userId} is deleted, not erased`),
    authors: postStates
      .filter(({ authorId, status, forbidden }) => ofDeleted.has(authorId) && status !== 'deleted' && !forbidden)
      .map(({ authorId, postId, status }) => `user ${authorId} is deleted, and post ${postId} is ${status}`),
    texts: postStates
      .filter(({ authorId, says }) => ofDeleted.has(authorId) && says)
      .map(({ authorId, postId }) => `user ${authorId} is deleted, and what post ${postId} says is kept`),
    unhidden: people.filter((userId) => !isHidden(userId)).map((userId) => `user ${userId} left, and is not hidden`),
    cached: people
      .filter((userId) => redis.authors.has(userId))
      .map((userId) => `user ${userId} left, and the cache has the name`),
  };
}

/** The same, as one line of the demo's table. */
export function checkPeople(truth: Pick<Truth, 'gone'>, seen: Seen): CheckResult {
  const { unerased, authors, texts, unhidden, cached } = peopleFaults(truth, seen);
  const deleted = [...truth.gone.values()].filter((state) => state === 'deleted').length;
  return checked(
    'people',
    'of those who were deleted nothing is left; those who left are hidden',
    `${truth.gone.size} left, ${deleted} of them deleted for good`,
    { left: truth.gone.size, unerased: unerased.length, unhidden: unhidden.length },
    [...unerased, ...authors, ...texts, ...unhidden, ...cached],
  );
}

import { type FeedEntry } from '../../feeds/stored-feed';
import { windowOf } from '../../feeds/rebuild';
import { type AuditedFeeds } from './deps';

/** Post ids, oldest first. */
export interface FeedDifference {
  /** The tables say that they belong into the feed, above its bound. */
  readonly missing: readonly string[];
  /** They are in the feed and do not belong there. */
  readonly surplus: readonly string[];
}

/**
 * Compares one feed in Redis with the tables. Null: no reader believes the feed as it is (it was never rebuilt, was evicted, or
 * is from before a loss), and the next one rebuilds it. Only what both sides must know is compared: above the bound of the
 * feed, and above the oldest post of a full timeline.
 */
export async function feedDifference(
  { store, truth, cap }: Pick<AuditedFeeds, 'store' | 'truth' | 'cap'>,
  userId: string,
): Promise<FeedDifference | null> {
  const newest = await truth.timeline(userId, { delivery: 'push', limit: cap + 1 });
  const { entries, bound, known } = await store.read(userId);
  if (!known || bound === null) return null;
  const from = Math.max(bound, windowOf(newest, cap).bound);
  const ids = (side: readonly FeedEntry[]) =>
    side.flatMap(({ postId, scoreMs }) => (scoreMs > from ? [postId] : [])).reverse();
  const [expected, stored] = [ids(newest), ids(entries)];
  const [isExpected, isStored] = [new Set(expected), new Set(stored)];
  return {
    missing: expected.filter((postId) => !isStored.has(postId)),
    surplus: stored.filter((postId) => !isExpected.has(postId)),
  };
}

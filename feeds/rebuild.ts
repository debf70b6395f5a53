import { type SqlFeedTruth } from './sql-feed-truth';
import { type FeedEntry, type StoredFeeds } from './stored-feed';

export interface FeedWindow {
  /** Newest first. */
  readonly entries: readonly FeedEntry[];
  readonly bound: number;
}

const maxRounds = 20;

/** The newest posts that a feed of this cap holds, given the newest `cap + 1` of them; the same rule as the trim script. */
export function windowOf(newest: readonly FeedEntry[], cap: number): FeedWindow {
  const bound = newest[cap]?.scoreMs ?? 0;
  return { bound, entries: newest.slice(0, cap).filter((entry) => entry.scoreMs > bound) };
}

/**
 * Writes a user's feed again from the tables: the cure for a Redis that lost data. Safe beside running fan-outs, since it
 * looks again until the tables say what it wrote.
 */
export async function rebuildFeed(
  deps: { readonly feeds: StoredFeeds; readonly truth: SqlFeedTruth; readonly settings: { readonly feedCap: number } },
  userId: string,
): Promise<FeedWindow> {
  const cap = deps.settings.feedCap;
  let written: { readonly text: string; readonly name: string } | undefined;
  for (let round = 0; round < maxRounds; round++) {
    const newest = await deps.truth.timeline(userId, { delivery: 'push', limit: cap + 1 });
    const window = windowOf(newest, cap);
    const text = JSON.stringify(window);
    if (written !== undefined && text === written.text) {
      // Only now: of a rebuild that died before its look no reader may believe anything.
      await deps.feeds.confirm(userId, written.name);
      return window;
    }
    written = { text, name: await deps.feeds.replace(userId, window) };
  }
  throw new Error(`feed ${userId}: the tables changed ${maxRounds} times while it was rebuilt`);
}

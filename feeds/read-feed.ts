import { type SqlFeedTruth } from './sql-feed-truth';
import { type FeedWindow, rebuildFeed } from './rebuild';
import { type FeedEntry, type StoredFeeds } from './stored-feed';

export interface ReadFeedDeps {
  readonly feeds: StoredFeeds;
  readonly truth: SqlFeedTruth;
  readonly settings: { readonly feedCap: number };
}

export interface StoredPage {
  /** Newest first; equal scores by descending post id. */
  readonly posts: readonly FeedEntry[];
  /** Pass it as `before` to read on; null: the end. */
  readonly next: FeedEntry | null;
}

/**
 * A page of a user's feed: the pushed posts, merged with those of huge authors, filtered by what may be shown now; below
 * the feed's bound from PostgreSQL. A feed that is not known, since Redis may have lost all or part of it, is rebuilt first.
 */
export async function readFeed(
  deps: ReadFeedDeps,
  userId: string,
  { limit, before }: { limit: number; before?: FeedEntry | undefined },
): Promise<StoredPage> {
  const stored = await knownFeed(deps, userId);
  const from = before === undefined ? {} : { before };
  const [pushed, pulled] = await Promise.all([
    visiblePushed(deps.truth, stored, limit, before),
    deps.truth.timeline(userId, { ...from, delivery: 'pull', above: stored.bound, visibleOnly: true, limit }),
  ]);
  const posts = [...pushed, ...pulled].sort(inFeedOrder).slice(0, limit);
  if (posts.length < limit && stored.bound > 0) {
    const rest = { ...from, atOrBelow: stored.bound, visibleOnly: true, limit: limit - posts.length };
    posts.push(...(await deps.truth.timeline(userId, rest)));
  }
  return { posts, next: posts.length < limit ? null : (posts.at(-1) ?? null) };
}

export interface ReaderDeps extends ReadFeedDeps {
  /** Whether a worker has written to this Redis under this prefix. */
  readonly isStoreThere: () => Promise<boolean>;
}

/** A page as a person sees it. Where no worker writes, a feed would be stored once and never change: the tables alone are read. */
export async function readPage(
  deps: ReaderDeps,
  userId: string,
  page: { limit: number; before?: FeedEntry | undefined },
): Promise<StoredPage & { readonly source: 'store' | 'tables' }> {
  if (await deps.isStoreThere()) return { ...(await readFeed(deps, userId, page)), source: 'store' };
  const { limit, before } = page;
  const from = before === undefined ? {} : { before };
  const posts = await deps.truth.timeline(userId, { ...from, visibleOnly: true, limit });
  return { posts, next: posts.length < limit ? null : (posts.at(-1) ?? null), source: 'tables' };
}

/** Newest first; the order of both Redis and PostgreSQL. */
export function inFeedOrder(a: FeedEntry, b: FeedEntry): number {
  if (a.scoreMs !== b.scoreMs) return b.scoreMs - a.scoreMs;
  return a.postId < b.postId ? 1 : a.postId > b.postId ? -1 : 0;
}

async function knownFeed(deps: ReadFeedDeps, userId: string): Promise<FeedWindow> {
  const { entries, bound, known } = await deps.feeds.read(userId);
  return known && bound !== null ? { entries, bound } : rebuildFeed(deps, userId);
}

/** The first `limit` stored entries after the cursor that may be shown. */
async function visiblePushed(
  truth: SqlFeedTruth,
  { entries }: FeedWindow,
  limit: number,
  before: FeedEntry | undefined,
): Promise<FeedEntry[]> {
  const candidates = before === undefined ? entries : entries.filter((entry) => inFeedOrder(before, entry) < 0);
  const shown: FeedEntry[] = [];
  for (let i = 0; i < candidates.length && shown.length < limit; i += limit) {
    const batch = candidates.slice(i, i + limit);
    const visible = await truth.visible(batch.map((entry) => entry.postId));
    shown.push(...batch.filter((entry) => visible.has(entry.postId)));
  }
  return shown;
}

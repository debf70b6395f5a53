import { faultPoint } from '../../runtime/fault-points';
import { type FeedDeps } from './deps';
import { type Progress } from './progress';

/** How far a walk over an author's followers has come. */
export interface WalkPoint {
  /** Followers up to here are done; null: none yet. */
  readonly after: string | null;
  /** What the pages so far returned, summed. */
  readonly count: number;
}

export interface Walked {
  /** Where to go on; undefined: there is nothing left to do. */
  readonly next: WalkPoint | undefined;
  readonly count: number;
}

/** What one page says: how much it counts, and whether the rest is no longer this walk's business. */
export interface PageResult {
  readonly count: number;
  readonly stop: boolean;
}

/**
 * Walks the author's followers page by page, reporting after each; ends early after `maxPages`, when a page says stop, or
 * when the workflow wants it to.
 */
export async function pageFollowers(
  deps: Pick<FeedDeps, 'followers' | 'settings'>,
  authorId: string,
  start: WalkPoint,
  options: { maxPages: number; progress?: Progress<WalkPoint> | undefined },
  eachPage: (followerIds: readonly string[]) => Promise<PageResult>,
): Promise<Walked> {
  let point = options.progress?.resumeAt ?? start;
  for (let pages = 0; pages < options.maxPages; pages++) {
    if (options.progress?.cancelled() === true) break;
    const page = await deps.followers.page(authorId, point.after, deps.settings.feedPageSize);
    await faultPoint('feed.page-read');
    const result = page.followerIds.length === 0 ? { count: 0, stop: false } : await eachPage(page.followerIds);
    const count = point.count + result.count;
    if (result.stop || page.next === null) return { next: undefined, count };
    point = { after: page.next, count };
    await faultPoint('feed.page-done');
    options.progress?.report(point);
    await faultPoint('feed.checkpointed');
  }
  return { next: point, count: point.count };
}

import { type StoredFeeds } from '../../feeds/stored-feed';
import { type PlacedPost } from './post-states';

/** A page of feeds that was written and not yet looked at again. */
export interface OpenPage {
  /** Names one write: no process closes a later write of the same page with it. */
  readonly note: string;
  readonly userIds: readonly string[];
}

/**
 * The feeds. A feed holds at most `cap` posts, and always exactly those above its bound, in whatever order writes arrive:
 * posts at or below the bound are not added, and trimming drops whole groups of equal score.
 *
 * A port: Redis has the feeds, and a plain model of them plays every interleaving of writers (test/support/feed-model.ts).
 */
export interface FeedStore extends StoredFeeds {
  /**
   * Adds one post where absent. `stopped`: the post's tombstone is known here; some feeds may have it then. Notes the page
   * as open in the same step, see `openPages`; returns the notes.
   */
  add(
    post: PlacedPost,
    userIds: readonly string[],
  ): Promise<{ readonly outcome: 'written' | 'stopped'; readonly notes: readonly string[] }>;
  /** Takes one post out of feeds; `removed`: places it left. Notes the page as open in the same step. */
  takeOut(
    postId: string,
    userIds: readonly string[],
  ): Promise<{ readonly removed: number; readonly notes: readonly string[] }>;
  /**
   * Pages written by `add` and `takeOut` but not closed since: their writer died before it looked at the truth again, or
   * is just about to. The notes are lost together with the feeds that they are about.
   */
  openPages(postId: string): Promise<readonly OpenPage[]>;
  /** Closes pages that were looked at since their note was made. */
  close(postId: string, notes: readonly string[]): Promise<void>;
  /** Adds posts to one feed where absent. */
  fill(userId: string, posts: readonly PlacedPost[]): Promise<void>;
  /** Takes posts out of feeds; returns how many places they left. */
  remove(postIds: readonly string[], userIds: readonly string[]): Promise<number>;
  /** Removes feed and bound of a user who is gone. */
  drop(userId: string): Promise<void>;
  /** Fast path of "delete wins": `add` stops for this post if its sequence is not later. A cache of the tombstone. */
  markDead(postId: string, sequence: number, final: boolean): Promise<void>;
  /** Undoes `markDead`, for a post that the truth says is live. */
  markLive(postId: string): Promise<void>;
  cacheSummary(postId: string, summary: string): Promise<void>;
  dropSummaries(postIds: readonly string[]): Promise<void>;
  /** Mirrors the list of pull authors for readers. */
  addPullAuthor(authorId: string): Promise<void>;
}

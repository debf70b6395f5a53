import { type Delivery, type FeedEntry } from './stored-feed';

export interface TimelineQuery {
  /** Only what comes after this entry in feed order. */
  readonly before?: FeedEntry;
  /** Only scores above this. */
  readonly above?: number;
  /** Only scores up to this. */
  readonly atOrBelow?: number;
  readonly delivery?: Delivery;
  /** Leaves out authors who are hidden. */
  readonly visibleOnly?: boolean;
  readonly limit: number;
}

/** Feeds computed from the tables: what a rebuild writes and a reader falls back to. */
export interface FeedTruth {
  /** Live posts of everyone the user follows, in feed order (newest first, equal scores by descending id). */
  timeline(userId: string, query: TimelineQuery): Promise<readonly FeedEntry[]>;
  /** Those of the given posts that may be shown: live, and the author not hidden. */
  visible(postIds: readonly string[]): Promise<ReadonlySet<string>>;
}

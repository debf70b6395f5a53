/** `push`: written into feeds. `pull`: merged by readers, because the author has too many followers. */
export type Delivery = 'push' | 'pull';

export interface FeedEntry {
  readonly postId: string;
  readonly scoreMs: number;
}

/** What is stored of one feed. */
export interface StoredFeed {
  /** Newest first; equal scores by descending post id. */
  readonly entries: readonly FeedEntry[];
  /**
   * Every post that belongs here with a score above the bound is in `entries`; at or below it only PostgreSQL knows.
   * 0: nothing was ever left out. Null: the feed was neither rebuilt nor trimmed. To be believed only when `known`.
   */
  readonly bound: number | null;
  /**
   * The feed was rebuilt and looked at again, and since then Redis has lost nothing that was noticed. False for every
   * empty feed too: nothing distinguishes it from one that was evicted.
   */
  readonly known: boolean;
}

/**
 * The part of the store of feeds that a reader needs: one feed, read and written again. A port: Redis, and the model in which
 * interleavings are played (test/support/feed-model.ts).
 */
export interface StoredFeeds {
  /** Makes the feed exactly this; it is not known before `confirm` with the name of the write, which is returned. */
  replace(userId: string, feed: { entries: readonly FeedEntry[]; bound: number }): Promise<string>;
  /** The truth was looked at after this write and agrees. False: the feed was written again, or lost, since. */
  confirm(userId: string, write: string): Promise<boolean>;
  read(userId: string): Promise<StoredFeed>;
}

/** Posts kept in a feed where FEED_CAP says nothing else. */
export const defaultFeedCap = 800;

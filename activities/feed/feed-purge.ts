/**
 * Takes an author's posts out of every feed that has them. The list lives where the feeds live, and for a day.
 *
 * A port: Redis, and the model of it in which interleavings are played (test/support/feed-model.ts).
 */
export interface FeedPurge {
  /** Names posts that have to go, any number in several calls. Writers that come late are refused these posts. */
  list(authorId: string, postIds: readonly string[]): Promise<void>;
  /**
   * Takes every listed post out of these feeds; returns how many places they left.
   * @throws NovaError REDIS_UNAVAILABLE when the list is gone: the purge has to begin again
   */
  takeOut(authorId: string, userIds: readonly string[]): Promise<number>;
  /** The list is not needed any more. */
  end(authorId: string): Promise<void>;
}

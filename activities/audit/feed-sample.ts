/** What became of an event, as far as its row says. `recent`: started so lately that Temporal may not list its run yet. */
export type EventProgress = 'pending' | 'dead' | 'recent' | 'started';

/** Which feeds an audit looks at, and what is under way for them. All methods throw NovaError DATABASE_UNAVAILABLE. */
export interface FeedSample {
  /**
   * At most `count` different readers: all of them if there are no more, else chosen at random, half of them among everyone who follows an author, half among the
   * followers of authors of posts chosen at random. The cost depends on `count` only, not on the size of the tables.
   */
  readers(count: number): Promise<readonly string[]>;
  /** Authors of these posts, as far as feeds know them. */
  authorsOf(postIds: readonly string[]): Promise<readonly string[]>;
  /** The first and the newest events of each aggregate, a bounded number. `recentMs`: age of a start that counts as recent. */
  events(
    aggregateIds: readonly string[],
    recentMs: number,
  ): Promise<readonly { readonly eventId: string; readonly progress: EventProgress }[]>;
}

/** Some of the feeds there are. */
export interface FeedWalkPage {
  /** Whose feeds; possibly none, though more pages follow. A user may be named on two pages. */
  readonly userIds: readonly string[];
  /** Pass it as `from` to get the next page; null: this was the last. */
  readonly next: string | null;
}

/**
 * A walk over every feed that is stored, whoever follows whom. A feed that is there from the beginning of a walk to its
 * end is visited; one that appears meanwhile may be. A cursor of another server process starts the walk again.
 */
export interface FeedWalk {
  page(from: string | null): Promise<FeedWalkPage>;
}

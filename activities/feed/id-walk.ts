/** Some of what is stored. */
export interface IdWalkPage {
  /** Whose feeds, or of which posts or authors; possibly none, though more pages follow. One may be on two pages. */
  readonly ids: readonly string[];
  /** Pass it as `from` to get the next page; null: this was the last. */
  readonly next: string | null;
}

/**
 * A walk over everything of one kind that is stored, for instance all feeds, whichever way users follow each other. What is there from the
 * beginning of a walk to its end is visited; what appears meanwhile may be. A cursor of another server process starts the
 * walk again.
 *
 * A port: walks over Redis, and over the model in which interleavings are played (test/support/feed-model.ts).
 */
export interface IdWalk {
  page(from: string | null): Promise<IdWalkPage>;
}

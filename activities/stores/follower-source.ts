export interface FollowerPage {
  /** Follower ids in the source's own stable order. */
  readonly followerIds: readonly string[];
  /** Pass it as `after` to get the next page; null: this was the last. */
  readonly next: string | null;
}

/**
 * Who follows whom, now. Must read the primary copy: a reply older than a committed follow or unfollow would
 * let a compensation be skipped (docs/decisions/0003-write-then-look.md).
 *
 * A port: the table `follows`, unless a deployment reads it from its own service; and maps where every interleaving of
 * writers is played (test/support/feed-world.ts).
 */
export interface FollowerSource {
  /** One page of at most `limit` followers; `after` is null for the first. A cursor stays valid while followers change. */
  page(followeeId: string, after: string | null, limit: number): Promise<FollowerPage>;
  /** Number of followers, counted no further than `limit`. */
  countUpTo(followeeId: string, limit: number): Promise<number>;
  /** Those of the given users who follow at this moment. */
  stillFollowing(followeeId: string, followerIds: readonly string[]): Promise<ReadonlySet<string>>;
  follows(followerId: string, followeeId: string): Promise<boolean>;
}

/** One change of who follows whom, as an event says it. */
export interface FollowChange {
  readonly followeeId: string;
  readonly followerId: string;
  /** Of the event: of two changes of one pair the higher counts, in whatever order they arrive. */
  readonly sequence: number;
  readonly following: boolean;
}

/** Writes who follows whom, where no service of the deployment does (FOLLOWS_FROM_EVENTS). */
export interface FollowWriter {
  /** Idempotent. A change older than one that is known does nothing; a deleted user neither follows nor is followed. */
  apply(change: FollowChange): Promise<void>;
  /** Ends at most `limit` follows of a deleted user, in both directions; returns how many. */
  forget(userId: string, limit: number): Promise<number>;
}

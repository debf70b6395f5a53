import { type Database } from '../../runtime/postgres';

/** One change of who follows whom, as an event says it. */
export interface FollowChange {
  readonly followeeId: string;
  readonly followerId: string;
  /** Of the event: of two changes of one pair the higher counts, in whatever order they arrive. */
  readonly sequence: number;
  readonly following: boolean;
}
import { query } from '../stores/pg-query';

const apply = 'SELECT nova.nova_apply_follow($1, $2, $3, $4)';

// Write, then look: the purge of a deleted user may have looked for follows just before this one was written.
const endOfDeleted = `
  DELETE FROM nova.follows WHERE followee_id = $1 AND follower_id = $2 AND EXISTS (
    SELECT FROM nova.tombstones WHERE subject_type = 'user' AND subject_id IN ($1::uuid::text, $2::uuid::text) AND final)`;

// Two reads by their own index each; one condition with OR would read all of the table without statistics.
const forget = `
  DELETE FROM nova.follows f USING (
    (SELECT followee_id, follower_id FROM nova.follows WHERE followee_id = $1 LIMIT $2)
    UNION (SELECT followee_id, follower_id FROM nova.follows WHERE follower_id = $1 LIMIT $2)) AS theirs
  WHERE f.followee_id = theirs.followee_id AND f.follower_id = theirs.follower_id`;

/** Keeps the table `follows` by events (docs/decisions/0018-follows-from-events.md). */
export class PgFollowWriter {
  constructor(private readonly database: Database) {}

  /** Idempotent. A change older than one that is known does nothing; a deleted user neither follows nor is followed. */
  async apply({ followeeId, followerId, sequence, following }: FollowChange): Promise<void> {
    await query(this.database, apply, [followeeId, followerId, sequence, following]);
    if (following) await query(this.database, endOfDeleted, [followeeId, followerId]);
  }

  /** Ends at most `limit` follows of a deleted user, in both directions; returns how many. */
  async forget(userId: string, limit: number): Promise<number> {
    return (await query(this.database, forget, [userId, Math.ceil(limit / 2)])).rowCount ?? 0;
  }
}

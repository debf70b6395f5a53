import { type Transaction } from './business';
import { type Follow } from './world';

/**
 * Who follows whom, by the word of the business: `business.follows`, which no code under test reads or writes. What the product goes
 * by is `nova.follows`.
 */
export interface FollowBook {
  /** False: it was so already. */
  begin(tx: Transaction, follow: Follow): Promise<boolean>;
  /** False: there was no such follow. */
  end(tx: Transaction, follow: Follow): Promise<boolean>;
  /** Ends all follows of someone who is deleted, without an event for each, and notes them as ended so. */
  endAllOf(tx: Transaction, followerId: string): Promise<void>;
}

const begin = 'INSERT INTO business.follows (followee_id, follower_id) VALUES ($1, $2) ON CONFLICT DO NOTHING';
const end = 'DELETE FROM business.follows WHERE followee_id = $1 AND follower_id = $2';
const endAll = `
  WITH ended AS (DELETE FROM business.follows WHERE follower_id = $1 RETURNING followee_id, follower_id)
  INSERT INTO business.ended_follows SELECT followee_id, follower_id FROM ended`;

/** The product's own setting, FOLLOWS_FROM_EVENTS=true: the events say it all, and no service has a right to `nova.follows`. */
export const followsByEvents: FollowBook = {
  begin: async (tx, { followeeId, followerId }) => (await tx.query(begin, [followeeId, followerId])).rowCount === 1,
  end: async (tx, { followeeId, followerId }) => (await tx.query(end, [followeeId, followerId])).rowCount === 1,
  endAllOf: async (tx, followerId) => void (await tx.query(endAll, [followerId])),
};

/** FOLLOWS_FROM_EVENTS=false: a graph service writes `nova.follows` in the transaction of its own tables. */
export const followsByTable: FollowBook = {
  async begin(tx, follow) {
    if (!(await followsByEvents.begin(tx, follow))) return false;
    await tx.query('INSERT INTO nova.follows (followee_id, follower_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      follow.followeeId,
      follow.followerId,
    ]);
    return true;
  },
  async end(tx, follow) {
    if (!(await followsByEvents.end(tx, follow))) return false;
    await tx.query('DELETE FROM nova.follows WHERE followee_id = $1 AND follower_id = $2', [
      follow.followeeId,
      follow.followerId,
    ]);
    return true;
  },
  async endAllOf(tx, followerId) {
    await followsByEvents.endAllOf(tx, followerId);
    await tx.query('DELETE FROM nova.follows WHERE follower_id = $1', [followerId]);
  },
};

import { type PostStatus } from '../../activities/feed/post-states';
import { beatKey } from '../../feeds/feed-keys';
import { readPage } from '../../feeds/read-feed';
import { RedisStoredFeeds } from '../../feeds/redis-stored-feeds';
import { SqlFeedTruth } from '../../feeds/sql-feed-truth';
import { type FeedEntry, type StoredFeed, type StoredFeeds } from '../../feeds/stored-feed';
import { oneLine } from '../../runtime/errors';
import { leastUuid } from '../../runtime/uuid';
import { type Connections } from '../connections';
import { type FeedStoreLine, feedStoreReport } from '../status/feed-store-report';
import { connectRedis, inTime } from '../status/servers';

/** A post as State knows it. */
export interface PostSeen {
  readonly authorId: string;
  readonly status: PostStatus;
  readonly delivery: 'push' | 'pull' | null;
  readonly scoreMs: number;
  /** Of the newest event that set the status. */
  readonly sequence: number;
  readonly updatedAt: Date;
  /** A tombstone forbids it. */
  readonly voided: boolean;
  /** Of its author; null: no event said anything of them. */
  readonly authorState: 'active' | 'hidden' | 'deleted' | null;
  /** How many followers a pull author had when it became one. */
  readonly pullFollowers: number | null;
}

export interface Stone {
  readonly type: 'post' | 'user';
  readonly reason: string;
  readonly final: boolean;
  readonly createdAt: Date;
  /** A signalled delete holds the subject back now. */
  readonly held: boolean;
  readonly heldUntil: Date | null;
  readonly sequence: number | null;
}

export interface FollowSeen {
  readonly since: Date | null;
  /** The newest change of this follow; null: none is on record. */
  readonly changedAt: Date | null;
  readonly following: boolean | null;
}

const postOf = `
  SELECT p.author_id AS "authorId", p.status, p.delivery, p.score_ms AS "scoreMs", p.sequence, p.updated_at AS "updatedAt",
    nova.post_is_voided(p.post_id, p.author_id, p.sequence) AS voided,
    (SELECT u.state FROM nova.user_profiles u WHERE u.user_id = p.author_id) AS "authorState",
    (SELECT a.follower_count FROM nova.pull_authors a WHERE a.author_id = p.author_id) AS "pullFollowers"
  FROM nova.post_states p WHERE p.post_id = $1`;
const stonesOf = `
  SELECT subject_type AS type, reason, final, created_at AS "createdAt", sequence,
    nova.tombstone_holds(held_until) AS held, held_until AS "heldUntil"
  FROM nova.tombstones
  WHERE (subject_type, subject_id) IN (('post', $1::text), ('user', $2::text)) ORDER BY subject_type`;
const followOf = `
  SELECT f.created_at AS since, c.changed_at AS "changedAt", c.following
  FROM (VALUES ($1::uuid, $2::uuid)) AS k (followee, follower)
  LEFT JOIN nova.follows f ON f.followee_id = k.followee AND f.follower_id = k.follower
  LEFT JOIN nova.follow_changes c ON c.followee_id = k.followee AND c.follower_id = k.follower`;

export const postSeen = async ({ pool }: Connections, postId: string): Promise<PostSeen | null> =>
  (await pool.query<PostSeen>(postOf, [postId])).rows[0] ?? null;

/** Of the post, and of its author when they are known. */
export const stonesSeen = async ({ pool }: Connections, postId: string, authorId: string | null): Promise<Stone[]> =>
  (await pool.query<Stone>(stonesOf, [postId, authorId])).rows;

export async function followSeen({ pool }: Connections, followee: string, follower: string): Promise<FollowSeen> {
  const { rows } = await pool.query<FollowSeen>(followOf, [followee, follower]);
  return rows[0] ?? { since: null, changedAt: null, following: null };
}

/** What is stored of a feed, and what the reading code of the client makes of it. */
export interface FeedSeen {
  /** Whether a worker has written to this Redis under this prefix; else readers read the tables. */
  readonly storeThere: boolean;
  readonly stored: StoredFeed;
  /** Whether a page of the feed has the post. */
  readonly shown: boolean;
}

/** Reads as the client does, from what was read before; leaves nothing behind, as a read of a feed that is lost would. */
const onlyLooking = (stored: StoredFeed): StoredFeeds => ({
  read: () => Promise.resolve(stored),
  replace: () => Promise.resolve('not written'),
  confirm: () => Promise.resolve(true),
});

/** As many as a page of an app has. */
const pageLimit = 20;

/**
 * @param entry the post, as it would stand in the feed; null: no event has said when it was written
 * @returns why Redis could not be asked, where it could not
 */
export async function feedSeen(
  { pool, redis, config }: Connections,
  userId: string,
  entry: FeedEntry | null,
): Promise<FeedSeen | string> {
  let stored: StoredFeed;
  let storeThere: boolean;
  try {
    await inTime(connectRedis(redis));
    storeThere = (await redis.exists(beatKey)) === 1;
    stored = await new RedisStoredFeeds(redis).read(userId);
  } catch (thrown) {
    return oneLine(thrown);
  }
  const deps = {
    feeds: onlyLooking(stored),
    truth: new SqlFeedTruth(pool),
    settings: config,
    isStoreThere: () => Promise.resolve(storeThere),
  };
  const { posts } =
    entry === null ? { posts: [] } : await readPage(deps, userId, { limit: pageLimit, before: rightBefore(entry) });
  return { storeThere, stored, shown: posts.some(({ postId }) => postId === entry?.postId) };
}

/** What workers wrote down of the Redis of this deployment; null: nothing. */
export const storeSeen = async ({ pool, config }: Connections): Promise<FeedStoreLine | null> =>
  (await feedStoreReport(pool)).find(({ name }) => name === config.redisKeyPrefix) ?? null;

/** The place in the order of feeds that nothing can take between it and this entry: reading on from there begins with it. */
function rightBefore({ scoreMs, postId }: FeedEntry): FeedEntry {
  const next = BigInt(`0x${postId.replaceAll('-', '')}`) + 1n;
  const hex = next.toString(16).padStart(32, '0');
  if (hex.length > 32) return { scoreMs: scoreMs + 1, postId: leastUuid };
  return { scoreMs, postId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') };
}

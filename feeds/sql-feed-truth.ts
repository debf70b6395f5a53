import { type Delivery, type FeedEntry } from './stored-feed';

export interface TimelineQuery {
  /** Only what comes after this entry in feed order. */
  readonly before?: FeedEntry;
  /** Only scores above this. */
  readonly above?: number;
  /** Only scores up to this. */
  readonly atOrBelow?: number;
  readonly delivery?: Delivery;
  /** Leaves out authors who are hidden. */
  readonly visibleOnly?: boolean;
  readonly limit: number;
}

/** What can run one statement: a pool of `pg`, or whatever has the same shape. */
export interface Statements {
  query(text: string, values: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

// Newest few of each followee by index, then the newest few of those: never reads a followee's whole past.
const timeline = `
  SELECT post_id AS "postId", score_ms AS "scoreMs" FROM nova.follows f
  CROSS JOIN LATERAL (
    SELECT p.post_id, p.score_ms FROM nova.post_states p
    WHERE p.author_id = f.followee_id AND p.status = 'published'
      AND (p.score_ms, p.post_id) < ($2::bigint, $3::uuid)
      AND p.score_ms > $4 AND p.score_ms <= $5
      AND ($6::text IS NULL OR p.delivery = $6)
      AND NOT nova.post_is_voided(p.post_id, p.author_id, p.sequence)
    ORDER BY p.score_ms DESC, p.post_id DESC LIMIT $8
  ) AS newest
  WHERE f.follower_id = $1
    AND NOT ($7 AND EXISTS (SELECT FROM nova.user_profiles u WHERE u.user_id = f.followee_id AND u.state <> 'active'))
    -- The list of pull authors is short and most people follow none of them.
    AND ($6::text IS DISTINCT FROM 'pull' OR EXISTS (SELECT FROM nova.pull_authors a WHERE a.author_id = f.followee_id))
  ORDER BY score_ms DESC, post_id DESC LIMIT $8`;

const visible = `
  SELECT post_id FROM nova.post_states p
  WHERE post_id = ANY ($1::uuid[]) AND status = 'published' AND NOT nova.post_is_voided(post_id, author_id, sequence)
    AND NOT EXISTS (SELECT FROM nova.user_profiles u WHERE u.user_id = p.author_id AND u.state <> 'active')`;

const endOfTime = Number.MAX_SAFE_INTEGER;
const lastUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * Feeds computed from the tables `follows` and `post_states`: what a rebuild writes and a reader falls back to. Needs both in one
 * database.
 */
export class SqlFeedTruth {
  constructor(private readonly statements: Statements) {}

  /** Live posts of everyone the user follows, in feed order (newest first, equal scores by descending id). */
  async timeline(userId: string, wanted: TimelineQuery): Promise<readonly FeedEntry[]> {
    const { before, above = -1, atOrBelow = endOfTime, delivery = null, visibleOnly = false, limit } = wanted;
    const from = before ?? { scoreMs: endOfTime, postId: lastUuid };
    const values = [userId, from.scoreMs, from.postId, above, atOrBelow, delivery, visibleOnly, limit];
    const rows = await this.rows<{ postId: string; scoreMs: number | string }>(timeline, values);
    // A bigint is text by default.
    return rows.map(({ postId, scoreMs }) => ({ postId, scoreMs: Number(scoreMs) }));
  }

  /** Those of the given posts that may be shown: live, and the author not hidden. */
  async visible(postIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.rows<{ post_id: string }>(visible, [postIds]);
    return new Set(rows.map((row) => row.post_id));
  }

  private async rows<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    return (await this.statements.query(text, values)).rows as Row[];
  }
}

import { type Database } from '../../runtime/postgres';
import { type FollowerPage, type FollowerSource } from './follower-source';
import { query } from './pg-query';

// Two statements, since `$2 IS NULL OR follower_id > $2` keeps the planner from using the cursor as an index range.
const firstPage = `
  SELECT follower_id FROM nova.follows WHERE followee_id = $1 ORDER BY follower_id LIMIT $2`;
const nextPage = `
  SELECT follower_id FROM nova.follows WHERE followee_id = $1 AND follower_id > $3 ORDER BY follower_id LIMIT $2`;
const countUpTo = `
  SELECT count(*) AS count FROM (SELECT FROM nova.follows WHERE followee_id = $1 LIMIT $2) AS counted`;
const stillFollowing = `
  SELECT follower_id FROM nova.follows WHERE followee_id = $1 AND follower_id = ANY ($2::uuid[])`;

/** Followers from the `follows` table, in order of id. */
export class PgFollowerSource implements FollowerSource {
  constructor(private readonly database: Database) {}

  async page(followeeId: string, after: string | null, limit: number): Promise<FollowerPage> {
    const rows =
      after === null
        ? await this.rows<{ follower_id: string }>(firstPage, [followeeId, limit])
        : await this.rows<{ follower_id: string }>(nextPage, [followeeId, limit, after]);
    const followerIds = rows.map((row) => row.follower_id);
    return { followerIds, next: followerIds.length < limit ? null : (followerIds.at(-1) ?? null) };
  }

  async countUpTo(followeeId: string, limit: number): Promise<number> {
    return (await this.rows<{ count: number }>(countUpTo, [followeeId, limit]))[0]?.count ?? 0;
  }

  async stillFollowing(followeeId: string, followerIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.rows<{ follower_id: string }>(stillFollowing, [followeeId, followerIds]);
    return new Set(rows.map((row) => row.follower_id));
  }

  async follows(followerId: string, followeeId: string): Promise<boolean> {
    return (await this.stillFollowing(followeeId, [followerId])).size === 1;
  }

  private async rows<Row extends object>(sql: string, values: unknown[]): Promise<Row[]> {
    return (await query<Row>(this.database, sql, values)).rows;
  }
}

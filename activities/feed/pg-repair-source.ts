import { type Database } from '../../runtime/postgres';
import { query } from '../stores/pg-query';

const followers = `
  SELECT DISTINCT follower_id AS id FROM nova.follows WHERE follower_id > $1 ORDER BY follower_id LIMIT $2`;
const following = `
  SELECT id FROM unnest($1::uuid[]) AS id WHERE EXISTS (SELECT FROM nova.follows WHERE follower_id = id)`;
const pullAuthors = `SELECT author_id AS id FROM nova.pull_authors WHERE author_id > $1 ORDER BY author_id LIMIT $2`;
const hiddenUsers = `
  SELECT user_id AS id FROM nova.user_profiles WHERE state <> 'active' AND user_id > $1 ORDER BY user_id LIMIT $2`;

/** What the tables say should be in Redis, as pages of ids in their order; `after` is the last id of the page before. */
export class PgRepairSource {
  constructor(private readonly database: Database) {}

  /** Every user who follows another. */
  followers(after: string, limit: number): Promise<readonly string[]> {
    return this.ids(followers, [after, limit]);
  }

  /** Those of the given users who follow another. */
  async following(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.ids(following, [userIds]));
  }

  /** Authors whose posts readers merge. */
  pullAuthors(after: string, limit: number): Promise<readonly string[]> {
    return this.ids(pullAuthors, [after, limit]);
  }

  /** Users whom no reader may show. */
  hiddenUsers(after: string, limit: number): Promise<readonly string[]> {
    return this.ids(hiddenUsers, [after, limit]);
  }

  private async ids(text: string, values: unknown[]): Promise<string[]> {
    return (await query<{ id: string }>(this.database, text, values)).rows.map(({ id }) => id);
  }
}

import { type Database } from '../../runtime/postgres';
import { type RepairSource } from './repair-source';
import { query } from '../stores/pg-query';

const followers = `
  SELECT DISTINCT follower_id AS id FROM nova.follows WHERE follower_id > $1 ORDER BY follower_id LIMIT $2`;
const following = `
  SELECT id FROM unnest($1::uuid[]) AS id WHERE EXISTS (SELECT FROM nova.follows WHERE follower_id = id)`;
const pullAuthors = `SELECT author_id AS id FROM nova.pull_authors WHERE author_id > $1 ORDER BY author_id LIMIT $2`;
const hiddenUsers = `
  SELECT user_id AS id FROM nova.user_profiles WHERE state <> 'active' AND user_id > $1 ORDER BY user_id LIMIT $2`;

export class PgRepairSource implements RepairSource {
  constructor(private readonly database: Database) {}

  followers(after: string, limit: number): Promise<readonly string[]> {
    return this.ids(followers, [after, limit]);
  }

  async following(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.ids(following, [userIds]));
  }

  pullAuthors(after: string, limit: number): Promise<readonly string[]> {
    return this.ids(pullAuthors, [after, limit]);
  }

  hiddenUsers(after: string, limit: number): Promise<readonly string[]> {
    return this.ids(hiddenUsers, [after, limit]);
  }

  private async ids(text: string, values: unknown[]): Promise<string[]> {
    return (await query<{ id: string }>(this.database, text, values)).rows.map(({ id }) => id);
  }
}

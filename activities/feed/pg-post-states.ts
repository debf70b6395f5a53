import { type Database } from '../../runtime/postgres';
import {
  type AuthorPosts,
  type PlacedPost,
  type PostChange,
  type PostState,
  type PostStates,
  type PostStatus,
  type PostSummary,
} from './post-states';
import { query } from '../stores/pg-query';
import * as sql from './post-states.sql';

interface Row extends Omit<PostState, 'live'> {
  readonly status: PostStatus;
}

/** Posts in the `post_states` table, judged by the `tombstones` table in the same statement. */
export class PgPostStates implements PostStates, AuthorPosts {
  constructor(private readonly database: Database) {}

  async find(postId: string): Promise<PostState | undefined> {
    return this.state(sql.find, [postId]);
  }

  async apply(change: PostChange): Promise<PostState> {
    const { postId, authorId, status, delivery, scoreMs, summary, sequence } = change;
    const values = [postId, authorId, status, delivery, scoreMs, summary, stamps(summary, sequence), sequence];
    const state = await this.state(sql.apply, values);
    if (state === undefined) throw new Error('post_states: the upsert returned no row');
    return state;
  }

  async setStatus(postId: string, status: PostStatus, sequence: number): Promise<PostState | undefined> {
    return this.state(sql.setStatus, [postId, status, sequence]);
  }

  async mergeSummary(postId: string, patch: PostSummary, sequence: number): Promise<PostState | undefined> {
    return this.state(sql.mergeSummary, [postId, patch, stamps(patch, sequence), sequence]);
  }

  async newestLive(authorId: string, limit: number): Promise<readonly PlacedPost[]> {
    return this.rows<PlacedPost>(sql.newestLive, [authorId, limit]);
  }

  async liveAmong(postIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.ids(sql.liveAmong, [postIds]));
  }

  async authoredBy(authorId: string, postIds: readonly string[]): Promise<readonly string[]> {
    return this.ids(sql.authoredBy, [authorId, postIds]);
  }

  async recordPullAuthor(authorId: string, followerCount: number): Promise<void> {
    await this.rows(sql.recordPullAuthor, [authorId, followerCount]);
  }

  async pushed(authorId: string, after: string, limit: number): Promise<readonly string[]> {
    return this.ids(sql.pushed, [authorId, after, limit]);
  }

  async undeleted(authorId: string, limit: number): Promise<readonly string[]> {
    return this.ids(sql.undeleted, [authorId, limit]);
  }

  async markDeleted(postIds: readonly string[], reason: string): Promise<void> {
    await this.rows(sql.markDeleted, [postIds, reason]);
  }

  private async state(text: string, values: unknown[]): Promise<PostState | undefined> {
    const row = (await this.rows<Row>(text, values))[0];
    return row && { ...row, live: row.status === 'published' && !row.voided };
  }

  private async ids(text: string, values: unknown[]): Promise<string[]> {
    return (await this.rows<{ post_id: string }>(text, values)).map((row) => row.post_id);
  }

  private async rows<R extends object>(text: string, values: unknown[]): Promise<R[]> {
    return (await query<R>(this.database, text, values)).rows;
  }
}

/** `{ caption: 'x' }` and 7 → `{ caption: 7 }`. */
function stamps(summary: PostSummary, sequence: number): Record<string, number> {
  return Object.fromEntries(Object.keys(summary).map((field) => [field, sequence]));
}

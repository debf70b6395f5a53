import { type ContentType, type CreatedContent } from '../../contracts/events/consequences';
import { type Database } from '../../runtime/postgres';
import { query } from './pg-query';

/** Posts are remembered by the feed. */
export type InnerContentType = Exclude<ContentType, 'post'>;
export type ContentOwner = Omit<CreatedContent, 'contentId'>;

const selectPost = `SELECT author_id AS owner_id, NULL::uuid AS post_id FROM nova.post_states WHERE post_id = $1`;
const selectOther = `SELECT owner_id, post_id FROM nova.content_owners WHERE content_id = $1 AND content_type = $2`;
const insert = `
  INSERT INTO nova.content_owners (content_type, content_id, owner_id, post_id) VALUES ($1, $2, $3, $4)
  ON CONFLICT (content_type, content_id) DO NOTHING`;

/** Who owns what events point to. */
export class PgContentOwners {
  constructor(private readonly database: Database) {}

  /** Undefined while the event that created the content was not processed. */
  async ownerOf(contentType: ContentType, contentId: string): Promise<ContentOwner | undefined> {
    type Row = { owner_id: string; post_id: string | null };
    const { rows } =
      contentType === 'post'
        ? await query<Row>(this.database, selectPost, [contentId])
        : await query<Row>(this.database, selectOther, [contentId, contentType]);
    const row = rows[0];
    return row === undefined ? undefined : { ownerId: row.owner_id, postId: row.post_id ?? undefined };
  }

  /** Remembers a message or comment. Repeating it changes nothing. */
  async remember(contentType: InnerContentType, contentId: string, owner: ContentOwner): Promise<void> {
    await query(this.database, insert, [contentType, contentId, owner.ownerId, owner.postId ?? null]);
  }
}

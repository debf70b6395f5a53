import { spellingsOf } from '../../contracts/catalogue';
import { typesThatCreate } from '../../contracts/consequences';
import { type ContentType } from '../../contracts/events/consequences';
import { isComing } from '../../outbox/events.sql';
import { type Database } from '../../runtime/postgres';
import { type ContentOwner, type ContentOwners, type InnerContentType } from './content-owners';
import { query } from './pg-query';

const selectPost = `SELECT author_id AS owner_id, NULL::uuid AS post_id FROM nova.post_states WHERE post_id = $1`;
const selectOther = `SELECT owner_id, post_id FROM nova.content_owners WHERE content_id = $1 AND content_type = $2`;
const insert = `
  INSERT INTO nova.content_owners (content_type, content_id, owner_id, post_id) VALUES ($1, $2, $3, $4)
  ON CONFLICT (content_type, content_id) DO NOTHING`;

export class PgContentOwners implements ContentOwners {
  constructor(private readonly database: Database) {}

  async ownerOf(contentType: ContentType, contentId: string): Promise<ContentOwner | undefined> {
    type Row = { owner_id: string; post_id: string | null };
    const { rows } =
      contentType === 'post'
        ? await query<Row>(this.database, selectPost, [contentId])
        : await query<Row>(this.database, selectOther, [contentId, contentType]);
    const row = rows[0];
    return row === undefined ? undefined : { ownerId: row.owner_id, postId: row.post_id ?? undefined };
  }

  async isComing(contentType: InnerContentType, writtenBeforeMs: number, settlingMs: number): Promise<boolean> {
    const types = typesThatCreate(contentType).flatMap(spellingsOf);
    const values = [types, writtenBeforeMs, settlingMs];
    const { rows } = await query<{ coming: boolean }>(this.database, isComing, values);
    return rows[0]?.coming === true;
  }

  async remember(contentType: InnerContentType, contentId: string, owner: ContentOwner): Promise<void> {
    await query(this.database, insert, [contentType, contentId, owner.ownerId, owner.postId ?? null]);
  }
}

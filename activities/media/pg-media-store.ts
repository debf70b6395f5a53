import { type QueryResultRow } from 'pg';
import { NovaError } from '../../contracts/failures';
import { type Database } from '../../runtime/postgres';
import { type MediaClaim, type MediaStore, type Upload, type UploadStatus } from './media-store';
import * as sql from './media.sql';
import { query } from '../stores/pg-query';

export class PgMediaStore implements MediaStore {
  constructor(private readonly database: Database) {}

  async recordUpload(upload: Upload, windowMs: number): Promise<void> {
    const { mediaId, uploadId, userId, eventId, uploadedAt, postId } = upload;
    await this.rows(sql.insertUpload, [mediaId, uploadId, userId, eventId, uploadedAt, windowMs, postId ?? null]);
  }

  async status(mediaId: string): Promise<UploadStatus> {
    const [status] = await this.rows<UploadStatus>(sql.selectStatus, [mediaId]);
    if (status === undefined) throw new NovaError('EVENT_NOT_FOUND', `no upload of media ${mediaId} is recorded`);
    return status;
  }

  async giveUp(mediaId: string): Promise<void> {
    await this.rows(sql.updateGivenUp, [mediaId]);
  }

  async expire(mediaId: string): Promise<void> {
    await this.rows(sql.updateExpired, [mediaId]);
  }

  claimsNaming(mediaId: string): Promise<MediaClaim[]> {
    return this.rows<MediaClaim>(sql.selectClaimsNaming, [mediaId]);
  }

  async firstUnnamedClaim(mediaId: string): Promise<MediaClaim | undefined> {
    return (await this.rows<MediaClaim>(sql.selectFirstUnnamedClaim, [mediaId]))[0];
  }

  async recordNamed({ postId, userId, eventId }: MediaClaim, mediaIds: readonly string[]): Promise<void> {
    await this.rows(sql.insertNamed, [postId, userId, eventId, mediaIds]);
  }

  async recordUnnamed({ postId, userId, eventId }: MediaClaim, postedAt: string): Promise<void> {
    await this.rows(sql.insertUnnamed, [postId, userId, eventId, postedAt]);
  }

  uploadsNamedBy(postId: string, mediaIds: readonly string[]): Promise<Upload[]> {
    return this.rows<Upload>(sql.selectUploadsNamedBy, [postId, mediaIds]);
  }

  async refuse(mediaId: string, eventId: string): Promise<void> {
    await this.rows(sql.updateRefused, [mediaId, eventId]);
  }

  uploadsFor({ postId, userId }: MediaClaim): Promise<Upload[]> {
    return this.rows<Upload>(sql.selectUploadsFor, [postId, userId]);
  }

  async linkNamed(mediaId: string, { postId, userId, eventId }: MediaClaim): Promise<void> {
    await this.rows(sql.upsertLink, [postId, mediaId, eventId, userId]);
  }

  linkUnnamed({ postId, eventId }: MediaClaim, mediaId?: string): Promise<Upload[]> {
    return this.rows<Upload>(sql.claimUnnamed, [postId, eventId, mediaId ?? null]);
  }

  async unlinkPost(postId: string): Promise<number> {
    return (await this.rows<{ count: number }>(sql.deleteLinks, [postId]))[0]?.count ?? 0;
  }

  async countLinks(postId: string): Promise<number> {
    return (await this.rows<{ count: number }>(sql.countLinks, [postId]))[0]?.count ?? 0;
  }

  private async rows<Row extends QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    return (await query<Row>(this.database, text, values)).rows;
  }
}

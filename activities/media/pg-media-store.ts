import { type QueryResultRow } from 'pg';
import { NovaError } from '../../contracts/failures';
import { type Database } from '../../runtime/postgres';
import * as sql from './media.sql';
import { query } from '../stores/pg-query';

/** A finished upload. */
export interface Upload {
  readonly mediaId: string;
  readonly uploadId: string;
  readonly userId: string;
  /** Event of the upload; also the id of the workflow that waits for its post. */
  readonly eventId: string;
  /** `createdAt` of that event. */
  readonly uploadedAt: string;
  /** The post it was uploaded for, if the uploader said so. */
  readonly postId?: string | undefined;
}

/** A post that has media, or waits for some. */
export interface MediaClaim {
  readonly postId: string;
  readonly userId: string;
  /** Event of the post. */
  readonly eventId: string;
}

export interface UploadStatus {
  readonly state: 'parked' | 'linked' | 'unclaimed';
  /** Milliseconds until the claim window ends; 0 when it has, by the clock of the database. */
  readonly waitMs: number;
}

/** Media and their posts. Each write commits before it resolves, so that the other side sees it when it looks. */
export class PgMediaStore {
  constructor(private readonly database: Database) {}

  /**
   * Parks the upload for `windowMs` from its event, for the post it names alone if it names one. A repetition changes
   * nothing; media that nothing claimed is parked again when its user uploads it again.
   */
  async recordUpload(upload: Upload, windowMs: number): Promise<void> {
    const { mediaId, uploadId, userId, eventId, uploadedAt, postId } = upload;
    await this.rows(sql.insertUpload, [mediaId, uploadId, userId, eventId, uploadedAt, windowMs, postId ?? null]);
  }

  /** @throws NovaError EVENT_NOT_FOUND for media never recorded */
  async status(mediaId: string): Promise<UploadStatus> {
    const [status] = await this.rows<UploadStatus>(sql.selectStatus, [mediaId]);
    if (status === undefined) throw new NovaError('EVENT_NOT_FOUND', `no upload of media ${mediaId} is recorded`);
    return status;
  }

  /** Gives the upload up now, unless it is linked: its owner is gone. */
  async giveUp(mediaId: string): Promise<void> {
    await this.rows(sql.updateGivenUp, [mediaId]);
  }

  /** Gives the upload up if its window has ended and nothing claimed it. */
  async expire(mediaId: string): Promise<void> {
    await this.rows(sql.updateExpired, [mediaId]);
  }

  /** Posts of the uploader that name this media. */
  claimsNaming(mediaId: string): Promise<MediaClaim[]> {
    return this.rows<MediaClaim>(sql.selectClaimsNaming, [mediaId]);
  }

  /** The uploader's first post in the media's window that has media but names none. */
  async firstUnnamedClaim(mediaId: string): Promise<MediaClaim | undefined> {
    return (await this.rows<MediaClaim>(sql.selectFirstUnnamedClaim, [mediaId]))[0];
  }

  /** Remembers which media a post names. */
  async recordNamed({ postId, userId, eventId }: MediaClaim, mediaIds: readonly string[]): Promise<void> {
    await this.rows(sql.insertNamed, [postId, userId, eventId, mediaIds]);
  }

  /** Remembers a post that has media but names none. `postedAt`: `createdAt` of its event. */
  async recordUnnamed({ postId, userId, eventId }: MediaClaim, postedAt: string): Promise<void> {
    await this.rows(sql.insertUnnamed, [postId, userId, eventId, postedAt]);
  }

  /** Those of these media, named by the post before, that were uploaded already and by its author. */
  uploadsNamedBy(postId: string, mediaIds: readonly string[]): Promise<Upload[]> {
    return this.rows<Upload>(sql.selectUploadsNamedBy, [postId, mediaIds]);
  }

  /** Gives up an upload that names a post which is not its user's. */
  async refuse(mediaId: string, eventId: string): Promise<void> {
    await this.rows(sql.updateRefused, [mediaId, eventId]);
  }

  /** Uploads of the author that wait for this post, because they name it. */
  uploadsFor({ postId, userId }: MediaClaim): Promise<Upload[]> {
    return this.rows<Upload>(sql.selectUploadsFor, [postId, userId]);
  }

  /** Links media to a post of its user that names it, or that it names; media may belong to several such posts. */
  async linkNamed(mediaId: string, { postId, userId, eventId }: MediaClaim): Promise<void> {
    await this.rows(sql.upsertLink, [postId, mediaId, eventId, userId]);
  }

  /**
   * Links to a post that names none whatever its author uploaded in the window before it and no post has or names.
   * With `mediaId`: only that one.
   */
  async linkUnnamed({ postId, eventId }: MediaClaim, mediaId?: string): Promise<void> {
    await this.rows(sql.claimUnnamed, [postId, eventId, mediaId ?? null]);
  }

  /** The uploads that a post has, the first hundred by id. */
  uploadsLinkedTo(postId: string): Promise<Upload[]> {
    return this.rows<Upload>(sql.selectLinked, [postId]);
  }

  /** Takes every media from a post; returns how many. */
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

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
export interface MediaStore {
  /**
   * Parks the upload for `windowMs` from its event, for the post it names alone if it names one. A repetition changes
   * nothing; media that nothing claimed is parked again when its user uploads it again.
   */
  recordUpload(upload: Upload, windowMs: number): Promise<void>;
  /** @throws NovaError EVENT_NOT_FOUND for media never recorded */
  status(mediaId: string): Promise<UploadStatus>;
  /** Gives the upload up now, unless it is linked: its owner is gone. */
  giveUp(mediaId: string): Promise<void>;
  /** Gives the upload up if its window has ended and nothing claimed it. */
  expire(mediaId: string): Promise<void>;

  /** Posts of the uploader that name this media. */
  claimsNaming(mediaId: string): Promise<MediaClaim[]>;
  /** The uploader's first post in the media's window that has media but names none. */
  firstUnnamedClaim(mediaId: string): Promise<MediaClaim | undefined>;

  /** Remembers which media a post names. */
  recordNamed(claim: MediaClaim, mediaIds: readonly string[]): Promise<void>;
  /** Remembers a post that has media but names none. `postedAt`: `createdAt` of its event. */
  recordUnnamed(claim: MediaClaim, postedAt: string): Promise<void>;
  /** Those of these media, named by the post before, that were uploaded already and by its author. */
  uploadsNamedBy(postId: string, mediaIds: readonly string[]): Promise<Upload[]>;

  /** Gives up an upload that names a post which is not its user's. */
  refuse(mediaId: string, eventId: string): Promise<void>;
  /** Uploads of the author that wait for this post, because they name it. */
  uploadsFor(claim: MediaClaim): Promise<Upload[]>;

  /** Links media to a post of its user that names it, or that it names; media may belong to several such posts. */
  linkNamed(mediaId: string, claim: MediaClaim): Promise<void>;
  /**
   * Links to a post that names none whatever its author uploaded in the window before it and no post has or names.
   * Returns those this call linked. With `mediaId`: only that one.
   */
  linkUnnamed(claim: MediaClaim, mediaId?: string): Promise<Upload[]>;
  /** Takes every media from a post; returns how many. */
  unlinkPost(postId: string): Promise<number>;
  countLinks(postId: string): Promise<number>;
}

/** What a deleted user left beside feeds and profile. Every method is idempotent and takes a bounded step. */
export interface AuthorTraces {
  /** Takes the media from these posts, and forgets what they waited for; returns how many links went. */
  unlinkMedia(postIds: readonly string[]): Promise<number>;
  /** Takes back up to `limit` notifications about these posts and their comments; returns how many: 0 means no more. */
  retractAbout(postIds: readonly string[], limit: number): Promise<number>;
  /** Takes back up to `limit` entries of the user's own inbox; returns how many: 0 means no more. */
  clearInbox(userId: string, limit: number): Promise<number>;
  /** Gives up what the user uploaded and no post has; returns how many uploads. */
  releaseUploads(userId: string): Promise<number>;
}

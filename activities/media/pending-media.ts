/** The set `pending_media:{user_id}` that older readers know. A convenience: PostgreSQL is the truth. */
export interface PendingMedia {
  /** @throws NovaError REDIS_UNAVAILABLE */
  add(userId: string, mediaId: string, ttlMs: number): Promise<void>;
  /** @throws NovaError REDIS_UNAVAILABLE */
  remove(userId: string, mediaIds: readonly string[]): Promise<void>;
}

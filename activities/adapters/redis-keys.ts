/** Names of the keys in Redis, without REDIS_KEY_PREFIX. */
export const feedKey = (userId: string): string => `feed:${userId}`;
export const boundKey = (userId: string): string => `feed_bound:${userId}`;
export const summaryKey = (postId: string): string => `post:${postId}`;
export const tombstoneKey = (postId: string): string => `tombstone:post:${postId}`;
export const openPagesKey = (postId: string): string => `feed_open:${postId}`;
export const purgeKey = (authorId: string): string => `feed_purge:${authorId}`;
export const pullAuthorsKey = 'pull_authors';

/** How long Redis remembers a post's tombstone, seconds; PostgreSQL remembers it without limit. */
export const tombstoneSeconds = 7 * 24 * 3600;

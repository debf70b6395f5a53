/** Names of the keys in Redis, without REDIS_KEY_PREFIX. Those of one feed: feeds/feed-keys.ts. */
export const summaryKey = (postId: string): string => `post:${postId}`;
export const tombstoneKey = (postId: string): string => `tombstone:post:${postId}`;
export const openPagesKey = (postId: string): string => `feed_open:${postId}`;
export const purgeKey = (authorId: string): string => `feed_purge:${authorId}`;
export const authorKey = (userId: string): string => `author:${userId}`;
export const hiddenUsersKey = 'hidden_users';
export const pullAuthorsKey = 'pull_authors';
/** When and by which clock the beat went up last, for people. */
export const beatAtKey = 'feed_beat_at';

/** How long Redis remembers a post's tombstone, seconds; PostgreSQL remembers it without limit. */
export const tombstoneSeconds = 7 * 24 * 3600;

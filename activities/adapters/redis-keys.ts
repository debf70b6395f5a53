/** Names of the keys in Redis, without REDIS_KEY_PREFIX. */
export const feedKey = (userId: string): string => `feed:${userId}`;
export const boundKey = (userId: string): string => `feed_bound:${userId}`;
/** The epoch in which the feed was last rebuilt and confirmed; with a name behind it: written and not confirmed. */
export const markKey = (userId: string): string => `feed_mark:${userId}`;
export const summaryKey = (postId: string): string => `post:${postId}`;
export const tombstoneKey = (postId: string): string => `tombstone:post:${postId}`;
export const openPagesKey = (postId: string): string => `feed_open:${postId}`;
export const purgeKey = (authorId: string): string => `feed_purge:${authorId}`;
export const authorKey = (userId: string): string => `author:${userId}`;
export const hiddenUsersKey = 'hidden_users';
export const pullAuthorsKey = 'pull_authors';
/** Grows with each loss of data that the workers notice; absent: 0. */
export const epochKey = 'feed_epoch';
/** Counts up all the time; when and by which clock it did so last, for people. */
export const beatKey = 'feed_beat';
export const beatAtKey = 'feed_beat_at';

/** How long Redis remembers a post's tombstone, seconds; PostgreSQL remembers it without limit. */
export const tombstoneSeconds = 7 * 24 * 3600;

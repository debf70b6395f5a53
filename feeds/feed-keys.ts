/** Names of the keys of one feed in Redis, without REDIS_KEY_PREFIX. */
export const feedKey = (userId: string): string => `feed:${userId}`;
export const boundKey = (userId: string): string => `feed_bound:${userId}`;
/** The epoch in which the feed was last rebuilt and confirmed; with a name behind it: written and not confirmed. */
export const markKey = (userId: string): string => `feed_mark:${userId}`;
/** Grows with each loss of data that the workers notice; absent: 0. */
export const epochKey = 'feed_epoch';
/** Counts up all the time while a worker runs. */
export const beatKey = 'feed_beat';

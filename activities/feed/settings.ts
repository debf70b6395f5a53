import { defaultFeedCap } from '../../feeds/stored-feed';
import { type ConfigOf, setting } from '../../runtime/config';

export const feedSettings = {
  feedCap: setting.integer(
    'FEED_CAP',
    'Posts kept in a feed; older ones are read from PostgreSQL.',
    { min: 10, max: 10_000 },
    { fallback: String(defaultFeedCap) },
  ),
  feedPullThreshold: setting.integer(
    'FEED_PULL_THRESHOLD',
    'Posts of authors with more followers than this are not pushed but merged when a feed is read.',
    { min: 0, max: 1_000_000_000 },
    { fallback: '100000' },
  ),
  feedPageSize: setting.integer(
    'FEED_PAGE_SIZE',
    'Followers read, written and checked at once.',
    { min: 1, max: 10_000 },
    { fallback: '1000' },
  ),
  feedChunkSize: setting.integer(
    'FEED_CHUNK_SIZE',
    'Feeds written by one Redis script; a long script blocks every reader.',
    { min: 1, max: 2_000 },
    { fallback: '500' },
  ),
  feedPagesPerCall: setting.integer(
    'FEED_PAGES_PER_CALL',
    'Pages after which a fan-out activity hands its cursor to the workflow.',
    { min: 1, max: 100_000 },
    { fallback: '200' },
  ),
} as const;

export type FeedSettings = ConfigOf<typeof feedSettings>;

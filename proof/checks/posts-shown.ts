import { type RedisState } from '../observe/redis-reader';
import { thousands as n } from '../report/thousands';
import { checked, type CheckResult } from './check';
import { type NoticeRow, type PostStateRow } from './evidence';
import { isDeleted, type Truth } from './truth';

/** Longest caption a feed shows, in characters. */
const captionLimit = 500;

interface Seen {
  readonly redis: Pick<RedisState, 'feeds' | 'captions'> & Partial<Pick<RedisState, 'openPages'>>;
  readonly notices: readonly Pick<NoticeRow, 'eventId' | 'subjectType' | 'subjectId' | 'retracted'>[];
  readonly postStates?: readonly PostStateRow[];
}

/** Sentences, by what is wrong. */
export interface PostFaults {
  /** Gone, and still in a feed, an inbox or the cache. */
  readonly resurrected: readonly string[];
  /** Gone, and published by `post_states`, with no tombstone that forbids it. */
  readonly alive: readonly string[];
  /** There, and shown as it was. */
  readonly stale: readonly string[];
  /** There, and not in the cache: read from PostgreSQL at a price. */
  readonly uncached: readonly string[];
  /** A page of feeds was written, and its writer never looked again. */
  readonly open: readonly string[];
}

/** Deleted posts are nowhere: in no feed, no cache, no inbox. Live ones are shown with their newest caption. */
export function checkPostsShown(truth: Pick<Truth, 'posts' | 'gone'>, seen: Seen): CheckResult {
  const faults = postFaults(truth, seen);
  const resurrected = [...faults.resurrected, ...faults.alive];
  const stale = [...faults.stale, ...faults.uncached];
  const posts = [...truth.posts.keys()];
  const deleted = posts.filter((postId) => isDeleted(truth, postId)).length;
  return checked(
    'posts',
    'deleted posts are nowhere; the others are shown with their newest text',
    `${n(posts.length)} posts, ${n(deleted)} deleted, ${resurrected.length} of them somewhere, ${stale.length} stale`,
    { posts: posts.length, deleted, resurrected: resurrected.length, stale: stale.length },
    [...resurrected, ...stale, ...faults.open],
  );
}

export function postFaults(
  truth: Pick<Truth, 'posts' | 'gone'>,
  { redis, notices, postStates = [] }: Seen,
): PostFaults {
  const deleted = new Set([...truth.posts.keys()].filter((postId) => isDeleted(truth, postId)));
  const inFeeds = [...redis.feeds].flatMap(([user, { entries }]) =>
    entries
      .filter(({ postId }) => deleted.has(postId))
      .map(({ postId }) => `deleted post ${postId} is in feed:${user}`),
  );
  const inInboxes = notices
    .filter(({ retracted, subjectType }) => !retracted && subjectType === 'post')
    .filter(({ subjectId }) => truth.posts.get(subjectId)?.status === 'deleted')
    .map(({ subjectId, eventId }) => `deleted post ${subjectId} is in an inbox, by event ${eventId}`);
  const alive = postStates
    .filter(({ postId, status, forbidden }) => deleted.has(postId) && status === 'published' && !forbidden)
    .map(({ postId }) => `deleted post ${postId} is published by post_states, and no tombstone forbids it`);
  const open = [...(redis.openPages ?? [])].map(([postId, pages]) => `post ${postId} has ${pages} open pages`);
  const inCache: string[] = [];
  const stale: string[] = [];
  const uncached: string[] = [];
  for (const [postId, post] of truth.posts) {
    const shown = redis.captions.get(postId);
    const live = post.status === 'published' && !deleted.has(postId);
    if (!live && shown !== undefined) inCache.push(`post ${postId} (${post.status}) is still in the cache`);
    if (live && shown === undefined) uncached.push(`post ${postId} is published, but not in the cache`);
    // The captions themselves are content, and not for a report.
    if (live && shown !== undefined && shown !== [...post.caption].slice(0, captionLimit).join(''))
      stale.push(`post ${postId} is shown with an old caption`);
  }
  return { resurrected: [...inFeeds, ...inInboxes, ...inCache], alive, stale, uncached, open };
}

import { type RedisState } from '../observe/redis-reader';
import { thousands as n } from '../report/thousands';
import { checked, type CheckResult } from './check';
import { isDeleted, type Truth } from './truth';

/** Longest caption a feed shows, in characters. */
const captionLimit = 500;

interface Seen {
  readonly redis: Pick<RedisState, 'feeds' | 'captions'>;
  /** Posts that a notification which was not taken back is about, and who caused it. */
  readonly notified: readonly { readonly postId: string; readonly eventId: string }[];
}

/** Sentences, by what is wrong. */
export interface PostFaults {
  /** Gone, and still somewhere. */
  readonly resurrected: readonly string[];
  /** There, and shown as it was. */
  readonly stale: readonly string[];
  /** There, and not in the cache: read from PostgreSQL at a price. */
  readonly uncached: readonly string[];
}

/** Deleted posts are nowhere: in no feed, no cache, no inbox. Live ones are shown with their newest caption. */
export function checkPostsShown(truth: Pick<Truth, 'posts' | 'gone'>, seen: Seen): CheckResult {
  const { resurrected, uncached, ...shown } = postFaults(truth, seen);
  const stale = [...shown.stale, ...uncached];
  const posts = [...truth.posts.keys()];
  const deleted = posts.filter((postId) => isDeleted(truth, postId)).length;
  return checked(
    'posts',
    'deleted posts are nowhere; the others are shown with their newest text',
    `${n(posts.length)} posts, ${n(deleted)} deleted, ${resurrected.length} of them somewhere, ${stale.length} stale`,
    { posts: posts.length, deleted, resurrected: resurrected.length, stale: stale.length },
    [...resurrected, ...stale],
  );
}

export function postFaults(truth: Pick<Truth, 'posts' | 'gone'>, { redis, notified }: Seen): PostFaults {
  const deleted = new Set([...truth.posts.keys()].filter((postId) => isDeleted(truth, postId)));
  const inFeeds = [...redis.feeds].flatMap(([user, { entries }]) =>
    entries
      .filter(({ postId }) => deleted.has(postId))
      .map(({ postId }) => `deleted post ${postId} is in feed:${user}`),
  );
  const inInboxes = notified
    .filter(({ postId }) => truth.posts.get(postId)?.status === 'deleted')
    .map(({ postId, eventId }) => `deleted post ${postId} is in an inbox, by event ${eventId}`);
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
  return { resurrected: [...inFeeds, ...inInboxes, ...inCache], stale, uncached };
}

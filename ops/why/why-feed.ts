import { type Check, fine, note, wrong } from './why';
import { type FeedSeen, type PostSeen } from './why-post-facts';

/** Whether readers find the post in their stored feeds, or merge it. */
export function deliveryCheck({ delivery, pullFollowers }: PostSeen, threshold: number): Check {
  if (delivery === 'pull')
    return fine(
      'delivery',
      `its author had ${pullFollowers ?? 'too many'} followers, more than FEED_PULL_THRESHOLD (${threshold}): readers merge the post, no feed holds it`,
    );
  if (delivery === 'push') return fine('delivery', 'it is pushed: written into the feed of each follower');
  return note('delivery', 'push or pull is decided when it is published');
}

interface OfFeed {
  readonly userId: string;
  readonly postId: string;
  readonly post: PostSeen;
  /** It is to be shown to them, as far as the tables say. */
  readonly belongs: boolean;
  /** The run that writes it into feeds is open. */
  readonly open: boolean;
}

/** What is stored of the feed, and whether that is as it should be. */
export function feedCheck(
  { storeThere, stored, shown }: FeedSeen,
  { userId, postId, post, belongs, open }: OfFeed,
): Check {
  const { entries, bound, known } = stored;
  const yes = shown ? fine : note;
  if (!storeThere)
    return note(
      'feed',
      'no worker writes to this Redis under this prefix: readers read PostgreSQL',
      'check REDIS_URL and REDIS_KEY_PREFIX',
    );
  if (!known || bound === null)
    return yes(
      'feed',
      'their feed is not in Redis, or is older than its last loss: the next read makes it from PostgreSQL',
    );
  if (post.scoreMs <= bound)
    return yes(
      'feed',
      `it is older than what Redis keeps of their feed (${entries.length} posts, FEED_CAP): readers read it from PostgreSQL`,
    );
  const place = entries.findIndex((entry) => entry.postId === postId);
  if (place >= 0) {
    return shown
      ? fine('feed', `it is in their feed in Redis, place ${place + 1} of ${entries.length}`)
      : note('feed', 'it is still in their feed in Redis; readers leave it out');
  }
  if (post.delivery !== 'push') return yes('feed', 'it is not in Redis, where it has no place');
  if (!belongs) return note('feed', 'it is not in their feed in Redis, as it should be');
  if (open)
    return wrong(
      'feed',
      'it is not in their feed in Redis yet: its fan-out is under way',
      'what its run waits for, above; else nothing',
    );
  return wrong('feed', 'it is not in their feed in Redis, which should hold it', `npx nova rebuild-feeds ${userId}`);
}

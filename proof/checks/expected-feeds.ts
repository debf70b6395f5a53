import { groupBy } from '../../runtime/group-by';
import { idIn, isDeleted, type Truth } from './truth';

export interface FeedEntry {
  readonly postId: string;
  readonly score: number;
}

export interface ExpectedFeeds {
  /** Per person, newest first, at most the cap; no one with an empty feed. */
  readonly feeds: ReadonlyMap<string, readonly FeedEntry[]>;
  /** Scores of all posts that could ever have been in a person's feed: what a bound must be explained by. */
  readonly everScores: (userId: string) => readonly number[];
  /** Authors whose posts readers merge: those over the threshold who have a post that is there to be read. */
  readonly pullAuthors: ReadonlySet<string>;
  readonly isPull: (authorId: string) => boolean;
  /** Most posts that a feed holds. */
  readonly cap: number;
}

type EverByAuthor = ReadonlyMap<string, readonly { readonly score: number }[]>;
type Known = Pick<Truth, 'events' | 'posts' | 'gone' | 'followers' | 'pullThreshold' | 'feedCap'>;

/** The feeds as they must be, from the tables alone: who follows whom now, and which posts are published now. */
export function expectedFeeds(truth: Known): ExpectedFeeds {
  const pullAuthors = new Set<string>();
  const isPull = (author: string): boolean => (truth.followers.get(author)?.length ?? 0) > truth.pullThreshold;
  const places: (FeedEntry & { readonly follower: string })[] = [];
  const pushed: { readonly author: string; readonly score: number }[] = [];
  for (const event of truth.events) {
    if (event.type !== 'content.post.created') continue;
    const postId = idIn(event.payload, 'post_id');
    const post = truth.posts.get(postId);
    if (post === undefined) continue;
    const followers = truth.followers.get(post.authorId) ?? [];
    const live = post.status === 'published' && !isDeleted(truth, postId);
    if (isPull(post.authorId)) {
      if (live) pullAuthors.add(post.authorId);
      continue;
    }
    pushed.push({ author: post.authorId, score: event.createdAtMs });
    if (!live) continue;
    for (const follower of followers) places.push({ follower, postId, score: event.createdAtMs });
  }
  const feeds = new Map<string, readonly FeedEntry[]>();
  for (const [user, entries] of groupBy(places, ({ follower }) => follower))
    feeds.set(user, newestFirst(entries).slice(0, truth.feedCap));
  const everByAuthor = groupBy(pushed, ({ author }) => author);
  return {
    feeds,
    pullAuthors,
    isPull,
    cap: truth.feedCap,
    everScores: (user) => scoresOfEverFollowed(truth, everByAuthor, user),
  };
}

/**
 * The feeds that follow from a test's own story, by post id. Their scores are those of the events that created the posts.
 * @param wanted the whole feed of each person, in any order
 */
export function feedsOf(
  wanted: Iterable<readonly [userId: string, postIds: readonly string[]]>,
  events: Truth['events'],
  cap = 800,
): ExpectedFeeds {
  const created = events.filter(({ type }) => type === 'content.post.created');
  const scores = new Map(created.map(({ payload, createdAtMs }) => [idIn(payload, 'post_id'), createdAtMs]));
  const feeds = [...wanted].map(([userId, postIds]) => {
    const entries = postIds.map((postId) => ({ postId, score: scores.get(postId) ?? NaN }));
    return [userId, newestFirst(entries)] as const;
  });
  const everScores = (): readonly number[] => [...scores.values()];
  return { feeds: new Map(feeds), pullAuthors: new Set(), isPull: () => false, cap, everScores };
}

/** As Redis orders them: by score, then by member, both descending. */
function newestFirst(entries: readonly FeedEntry[]): FeedEntry[] {
  return [...entries].sort((a, b) => b.score - a.score || (a.postId < b.postId ? 1 : -1));
}

function scoresOfEverFollowed(truth: Known, everByAuthor: EverByAuthor, user: string): number[] {
  const dropped = truth.events
    .filter((event) => event.type === 'follow.removed' && event.payload['follower_id'] === user)
    .map((event) => idIn(event.payload, 'followee_id'));
  const now = [...truth.followers].filter(([, followers]) => followers.includes(user)).map(([author]) => author);
  return [...new Set([...now, ...dropped])].flatMap((author) =>
    (everByAuthor.get(author) ?? []).map(({ score }) => score),
  );
}

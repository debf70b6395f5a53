import { type RedisState, type StoredFeed } from '../observe/redis-reader';
import { thousands as n } from '../report/thousands';
import { checked, type CheckResult } from './check';
import { type ExpectedFeeds, expectedFeeds, type FeedEntry } from './expected-feeds';

/** Sentences, by what is wrong. */
export interface FeedFaults {
  readonly lacks: readonly string[];
  readonly extra: readonly string[];
  readonly score: readonly string[];
  readonly order: readonly string[];
  /** The same post twice. */
  readonly repeated: readonly string[];
  readonly overCap: readonly string[];
  /** A bound hides posts, and nothing explains it. */
  readonly bound: readonly string[];
  /** Authors whose posts readers merge, and Redis does not say so; or the reverse. */
  readonly pull: readonly string[];
}

/** Every feed in Redis is the one that must be there, newest first, and no other feed is. */
export function feedFaults(expected: ExpectedFeeds, redis: Pick<RedisState, 'feeds' | 'pullAuthors'>): FeedFaults {
  const users = new Set([...expected.feeds.keys(), ...redis.feeds.keys()]);
  const faults = [...users].flatMap((user) => {
    const feed = redis.feeds.get(user) ?? { entries: [], bound: null };
    const wrong = faultsOf(expected.feeds.get(user) ?? [], feed, expected.cap, () => expected.everScores(user));
    return wrong.map(({ kind, what }) => ({ kind, what: `feed:${user}: ${what}` }));
  });
  const of = (wanted: FeedFault['kind']) => faults.filter(({ kind }) => kind === wanted).map(({ what }) => what);
  const unknownPull = [...expected.pullAuthors].filter((author) => !redis.pullAuthors.has(author));
  const wrongPull = [...redis.pullAuthors].filter((author) => !expected.isPull(author));
  return {
    lacks: of('lacks'),
    extra: of('extra'),
    score: of('score'),
    order: of('order'),
    repeated: of('repeated'),
    overCap: of('over the cap'),
    bound: of('unexplained bound'),
    pull: [
      ...unknownPull.map((author) => `author ${author} is over the pull threshold, but Redis does not say so`),
      ...wrongPull.map((author) => `author ${author} is not over the pull threshold, but Redis says so`),
    ],
  };
}

/** Every feed in Redis is the feed computed from the tables, newest first. */
export function checkFeeds(
  truth: Parameters<typeof expectedFeeds>[0],
  redis: Pick<RedisState, 'feeds' | 'pullAuthors'>,
): CheckResult {
  const expected = expectedFeeds(truth);
  const { pull, ...faults } = feedFaults(expected, redis);
  const wrong = Object.values(faults).flat();
  const users = new Set([...expected.feeds.keys(), ...redis.feeds.keys()]);
  const entries = [...redis.feeds.values()].reduce((sum, feed) => sum + feed.entries.length, 0);
  return checked(
    'feeds',
    'every feed in Redis is the one computed from the tables, newest first',
    `${n(users.size)} feeds, ${n(entries)} entries; ${expected.pullAuthors.size} author left to readers`,
    {
      feeds: users.size,
      feedEntries: entries,
      feedMismatches: new Set(wrong.map((what) => what.slice(0, 'feed:'.length + 36))).size,
      pullAuthors: redis.pullAuthors.size,
    },
    [...wrong, ...pull],
  );
}

/** What is wrong with one feed; undefined: nothing. */
export function faultOf(...feed: Parameters<typeof faultsOf>): string | undefined {
  const faults = faultsOf(...feed);
  return faults.length === 0 ? undefined : faults.map(({ what }) => what).join('; ');
}

export interface FeedFault {
  readonly kind: 'over the cap' | 'unexplained bound' | 'lacks' | 'extra' | 'score' | 'order' | 'repeated';
  /** The fault in words. */
  readonly what: string;
}

export function faultsOf(
  expected: readonly FeedEntry[],
  stored: StoredFeed,
  cap: number,
  everScores: () => readonly number[],
): FeedFault[] {
  const { entries, bound } = stored;
  if (entries.length > cap) {
    return [{ kind: 'over the cap', what: `${entries.length} entries, more than the cap of ${cap}` }];
  }
  // A bound hides what is below it, so it must be explained: it is set only when there were more posts than the cap. A
  // feed that was written again has the bound 0, which hides nothing.
  if (bound !== null && bound > 0 && everScores().filter((score) => score >= bound).length <= cap) {
    const what = `bounded at ${bound}, though there never were more than ${cap} posts from there on`;
    return [{ kind: 'unexplained bound', what }];
  }
  const above = (entry: FeedEntry): boolean => bound === null || entry.score > bound;
  const due = expected.filter(above);
  const present = new Map(entries.map(({ postId, score }) => [postId, score]));
  const known = new Map(expected.map(({ postId, score }) => [postId, score]));
  const absent = due.filter(({ postId }) => !present.has(postId));
  const extra = entries.filter(({ postId }) => !known.has(postId));
  const moved = entries.filter(({ postId, score }) => known.has(postId) && known.get(postId) !== score);
  const unsorted = entries.some(({ score }, i) => i > 0 && score > (entries[i - 1]?.score ?? score));
  const faults: FeedFault[] = [
    { kind: 'lacks', what: list('lacks', absent) },
    { kind: 'extra', what: list('has, and should not,', extra) },
    { kind: 'score', what: list('has with a wrong score', moved) },
    { kind: 'order', what: unsorted ? 'is not newest first' : '' },
    { kind: 'repeated', what: present.size < entries.length ? 'lists a post twice' : '' },
  ];
  return faults.filter(({ what }) => what !== '');
}

function list(what: string, entries: readonly FeedEntry[]): string {
  if (entries.length === 0) return '';
  const ids = entries.slice(0, 2).map(({ postId }) => postId);
  return `${what} ${entries.length} of its posts (${ids.join(', ')}${entries.length > 2 ? ', …' : ''})`;
}

import { isRedisAway, isUnderRepair } from './check-feeds';
import { type Audit, type AuditedFeeds } from './deps';
import { feedDifference } from './feed-difference';
import { type Suspicion } from './suspicions';
import { type SecondLook } from './second-look';

/** Posts of one feed that are looked into, on each side. */
const maxPosts = 10;
/** Ids in one visibility query. */
const pageSize = 500;

/**
 * The second look at a feed. A post counts when it is still wrong after it was found that nothing is under way, or known to
 * be undone, for it: an event of the post, of its author or of the reader that is pending, dead-lettered, or has a run that
 * is open or ended badly.
 */
export async function verifyFeed(
  { deps }: Pick<SecondLook, 'deps'>,
  { eventId: userId, known }: Pick<Suspicion, 'eventId' | 'known'>,
): Promise<string | null> {
  const { feeds } = deps;
  if (feeds === undefined) return known;
  try {
    // What was found stays until a look at the feed itself says that it is right.
    if (await isUnderRepair(feeds)) return known;
    const before = await feedDifference(feeds, userId);
    if (before === null) return null;
    const missing = await settled(deps, feeds, userId, before.missing.slice(0, maxPosts));
    const surplus = await settled(deps, feeds, userId, before.surplus.slice(0, maxPosts));
    if (missing.length + surplus.length === 0) return null;
    // An event may have ended between the comparison and the question whether it is under way.
    const after = await feedDifference(feeds, userId);
    const still = (ids: readonly string[], side: 'missing' | 'surplus') =>
      ids.filter((postId) => after?.[side].includes(postId) === true);
    return described(still(missing, 'missing'), still(surplus, 'surplus'));
  } catch (thrown) {
    if (isRedisAway(thrown)) return known;
    throw thrown;
  }
}

function described(missing: readonly string[], surplus: readonly string[]): string | null {
  const parts = [
    ...(missing.length === 0 ? [] : [`missing from it: ${shown(missing)}`]),
    ...(surplus.length === 0 ? [] : [`in it and should not be: ${shown(surplus)}`]),
  ];
  return parts.length === 0 ? null : `the feed of this reader differs from the tables; ${parts.join('; ')}`;
}

function shown(postIds: readonly string[]): string {
  const more = postIds.length === maxPosts ? ' and perhaps more' : '';
  return `posts ${postIds.slice(0, 3).join(', ')}${postIds.length > 3 ? `, ${postIds.length} looked into${more}` : ''}`;
}

/** Those of these posts for which no event is under way or known to be undone. */
async function settled(
  deps: Audit,
  feeds: AuditedFeeds,
  userId: string,
  postIds: readonly string[],
): Promise<readonly string[]> {
  if (postIds.length === 0 || (await isUnderWay(deps, [userId]))) return [];
  const quiet: string[] = [];
  for (const postId of postIds) {
    const authors = await feeds.sample.authorsOf([postId]);
    if (!(await isUnderWay(deps, [postId, ...authors]))) quiet.push(postId);
  }
  return quiet;
}

async function isUnderWay({ outboxes, runs, limits }: Audit, aggregateIds: readonly string[]): Promise<boolean> {
  const events = (await outboxes.each((rows) => rows.progressOf(aggregateIds, limits.marginMs))).flat();
  // What one of them does not say may explain the difference.
  if (!outboxes.isComplete) return true;
  if (events.some(({ progress }) => progress !== 'started')) return true;
  const listed = await runs.withIds(events.slice(0, pageSize).map(({ eventId }) => eventId));
  if (listed.some(({ status }) => status === 'RUNNING')) return true;
  for (const { workflowId, status } of listed) {
    if (status === 'COMPLETED' || status === 'CONTINUED_AS_NEW') continue;
    // Counted as a run that ended badly, until a replay has made up for it.
    if ((await runs.completedReplays(workflowId)) === 0) return true;
  }
  return false;
}

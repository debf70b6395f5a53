import { type EventRef } from '../../contracts/event-ref';
import { followChangeOf } from '../../contracts/events/follow-change';
import { faultPoint } from '../../runtime/fault-points';
import { type FeedDeps } from './deps';

/** `filled`: follows, and has the followee's posts. `cleared`: does not, and has none of them. */
export type FollowOutcome = 'filled' | 'cleared';

const maxRounds = 20;

/**
 * Makes or ends the follow, where no service of the deployment does. Then brings the follower's feed in line with whether the
 * follow exists now, whether follow.added or follow.removed asks: the `follows` row is the truth, and it may have
 * changed again since the event.
 */
export async function settleFollow(deps: FeedDeps, event: EventRef): Promise<FollowOutcome> {
  const { payload } = await deps.events.load<'follow.added' | 'follow.removed'>(event);
  const { follower_id: follower, followee_id: followee } = payload;
  const change = { followeeId: followee, followerId: follower, sequence: event.sequence };
  await deps.followWriter?.apply({ ...change, following: followChangeOf(event) === 'begins' });
  for (let round = 0; round < maxRounds; round++) {
    if (await deps.followers.follows(follower, followee)) {
      if (await fill(deps, follower, followee)) return 'filled';
    } else {
      await clear(deps, follower, followee);
      await faultPoint('feed.follow-cleared');
      if (!(await deps.followers.follows(follower, followee))) return 'cleared';
    }
  }
  throw new Error(`follow ${follower} → ${followee} changed ${maxRounds} times while one feed was written`);
}

/** True when what was written is still right. */
async function fill(deps: FeedDeps, follower: string, followee: string): Promise<boolean> {
  // One more than the cap: if there are that many, the trim sets the bound, below which readers ask PostgreSQL.
  const posts = await deps.posts.newestLive(followee, deps.settings.feedCap + 1);
  await deps.feeds.fill(follower, posts);
  await faultPoint('feed.follow-filled');
  const [following, dead] = await Promise.all([
    deps.followers.follows(follower, followee),
    deadOf(deps, follower, followee),
  ]);
  if (dead.length > 0) await deps.feeds.remove(dead, [follower]);
  return following && dead.length === 0;
}

/**
 * The followee's posts in the feed that are not live: of what is there, not of what this call wrote, since an earlier
 * attempt may have written them and died before it looked.
 */
async function deadOf(deps: FeedDeps, follower: string, followee: string): Promise<readonly string[]> {
  const theirs = await postsOf(deps, follower, followee);
  const live = await deps.posts.liveAmong(theirs);
  return theirs.filter((id) => !live.has(id));
}

async function clear(deps: FeedDeps, follower: string, followee: string): Promise<void> {
  const theirs = await postsOf(deps, follower, followee);
  if (theirs.length > 0) await deps.feeds.remove(theirs, [follower]);
}

async function postsOf(deps: FeedDeps, follower: string, followee: string): Promise<readonly string[]> {
  const { entries } = await deps.feeds.read(follower);
  return deps.posts.authoredBy(
    followee,
    entries.map((entry) => entry.postId),
  );
}

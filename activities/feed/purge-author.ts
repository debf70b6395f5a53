import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';
import { type EventRef } from '../../contracts/event-ref';
import { erasedUser } from '../../contracts/events/identity';
import { faultPoint } from '../../runtime/fault-points';
import { leastUuid } from '../../runtime/uuid';
import { type FeedDeps } from './deps';
import { type WalkPoint } from './page-followers';
import { type Progress } from './progress';

type PurgeDeps = Pick<
  FeedDeps,
  'events' | 'tombstones' | 'posts' | 'feeds' | 'walk' | 'purge' | 'traces' | 'followWriter'
>;

/** How far a purge has come. `after` is always null: a worker of the version before begins again with it. */
export interface PurgePoint extends WalkPoint {
  /** Where the walk over all feeds goes on; absent: at its beginning. */
  readonly feeds?: string;
}

export interface Purged {
  /** Places in feeds that the posts left. */
  readonly removed: number;
  /** Links between their posts and media that are gone. */
  readonly unlinked: number;
  /** Notifications about their posts, and in their own inbox, that are taken back. */
  readonly retracted: number;
}

const idsPerPage = 1_000;
const postsPerBatch = 500;
const noticesPerStep = 2_000;
/** A walk works half of its time at most, and never pauses longer than this, milliseconds. */
const longestPauseMs = 200;

/**
 * Takes every post of a deleted user out of every feed, without limit in time, and removes what belongs to the posts:
 * media links and notifications. The user's tombstone is committed first and voids all their posts at once.
 *
 * Which feeds have a post is asked of the feeds, not of `follows`: other services remove the follows of a deleted user
 * whenever they like, before this begins or while it runs. Whatever writes one of the posts after the tombstone looks again
 * and takes it back by itself, so one walk over all feeds that begins after the tombstone is enough.
 *
 * Posts are marked one batch at a time and last of all, so that an attempt that died finds what is left to do.
 */
export async function purgeAuthor(deps: PurgeDeps, event: EventRef, progress?: Progress<PurgePoint>): Promise<Purged> {
  const { payload } = await deps.events.load<'identity.user.deleted'>(event);
  const authorId = payload.user_id;
  // For any event of a user who is erased: it may run after the event that deletes them.
  await deps.tombstones.set({ ...erasedUser(authorId), sequence: event.sequence });
  await faultPoint('feed.purge-tombstone');
  const removed = await removeFromFeeds(deps, authorId, progress);
  await faultPoint('feed.purge-removed');
  await deps.feeds.drop(authorId);
  const { unlinked, retracted } = await forgetPosts(deps, authorId, progress);
  await deps.traces.releaseUploads(authorId);
  const own = await inSteps((limit) => deps.traces.clearInbox(authorId, limit), progress);
  await inSteps((limit) => deps.followWriter?.forget(authorId, limit) ?? Promise.resolve(0), progress, 1);
  return { removed, unlinked, retracted: retracted + own };
}

async function removeFromFeeds(deps: PurgeDeps, authorId: string, progress?: Progress<PurgePoint>): Promise<number> {
  const before = progress?.resumeAt;
  let removed = before?.count ?? 0;
  if (!(await listPosts(deps, authorId, progress))) return removed;
  await faultPoint('feed.purge-listed');
  for (let from = before?.feeds ?? null; ;) {
    stopIfCancelled(progress);
    const began = performance.now();
    const page = await deps.walk.page(from);
    removed += await deps.purge.takeOut(authorId, page.ids);
    if (page.next === null) break;
    from = page.next;
    progress?.report({ after: null, count: removed, feeds: from });
    await sleep(Math.min(performance.now() - began, longestPauseMs));
  }
  await deps.purge.end(authorId);
  return removed;
}

/** Every post that was ever pushed, also those deleted before: their own removal may have missed feeds. False: none. */
async function listPosts(
  { posts, purge }: PurgeDeps,
  authorId: string,
  progress?: Progress<PurgePoint>,
): Promise<boolean> {
  let any = false;
  for (let after = leastUuid; ;) {
    const ids = await posts.pushed(authorId, after, idsPerPage);
    const last = ids.at(-1);
    if (last === undefined) return any;
    await purge.list(authorId, ids);
    progress?.alive();
    any = true;
    after = last;
  }
}

async function forgetPosts(
  deps: PurgeDeps,
  authorId: string,
  progress?: Progress<PurgePoint>,
): Promise<{ unlinked: number; retracted: number }> {
  let unlinked = 0;
  let retracted = 0;
  for (;;) {
    stopIfCancelled(progress);
    const batch = await deps.posts.undeleted(authorId, postsPerBatch);
    if (batch.length === 0) return { unlinked, retracted };
    await deps.feeds.dropSummaries(batch);
    unlinked += await deps.traces.unlinkMedia(batch);
    retracted += await inSteps((limit) => deps.traces.retractAbout(batch, limit), progress);
    await faultPoint('feed.purge-batch');
    await deps.posts.markDeleted(batch, 'author deleted');
    progress?.alive();
  }
}

/** Until a step does less than `least`. */
async function inSteps(
  step: (limit: number) => Promise<number>,
  progress?: Progress<PurgePoint>,
  least = noticesPerStep,
): Promise<number> {
  for (let total = 0; ;) {
    stopIfCancelled(progress);
    const count = await step(noticesPerStep);
    total += count;
    progress?.alive();
    if (count < least) return total;
  }
}

function stopIfCancelled(progress?: Progress<PurgePoint>): void {
  if (progress?.cancelled() === true) throw new CancelledFailure('the purge was cancelled between two steps');
}

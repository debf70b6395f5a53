import { CancelledFailure } from '@temporalio/common';
import { type EventRef } from '../../contracts/event-ref';
import { faultPoint } from '../../runtime/fault-points';
import { type FeedDeps } from './deps';
import { pageFollowers, type Walked, type WalkPoint } from './page-followers';
import { type Progress } from './progress';

const postsPerBatch = 500;

/**
 * Takes every post of a deleted user out of every feed, for ever, and drops the user's own feed. The user's tombstone is
 * committed first and voids all their posts at once; posts are marked one batch at a time and last of all, so that an
 * attempt that died finds what is left to do.
 */
export async function purgeAuthor(
  deps: FeedDeps,
  event: EventRef,
  progress?: Progress<WalkPoint>,
): Promise<{ removed: number }> {
  const { payload } = await deps.events.load<'identity.user.deleted'>(event);
  const authorId = payload.user_id;
  await deps.tombstones.set({
    subjectType: 'user',
    subjectId: authorId,
    sequence: event.sequence,
    final: true,
    reason: 'user deleted',
  });
  await faultPoint('feed.purge-tombstone');
  const { next, count: removed } = await removeFromFeeds(deps, authorId, progress);
  if (next !== undefined) throw new CancelledFailure('the purge was cancelled between pages');
  await faultPoint('feed.purge-removed');
  await deps.feeds.drop(authorId);
  for (;;) {
    const batch = await deps.posts.undeleted(authorId, postsPerBatch);
    if (batch.length === 0) return { removed };
    await deps.feeds.dropSummaries(batch);
    await faultPoint('feed.purge-batch');
    await deps.posts.markDeleted(batch, event.sequence, 'author deleted');
    progress?.report(progress.resumeAt ?? { after: null, count: removed });
  }
}

async function removeFromFeeds(deps: FeedDeps, authorId: string, progress?: Progress<WalkPoint>): Promise<Walked> {
  // A feed holds at most `cap` posts, so of one author at most the newest `cap` published ones.
  const postIds = await deps.posts.inFeeds(authorId, deps.settings.feedCap);
  const start: WalkPoint = { after: null, count: 0 };
  if (postIds.length === 0) return { next: undefined, count: 0 };
  const options = { maxPages: Number.MAX_SAFE_INTEGER, ...(progress === undefined ? {} : { progress }) };
  return pageFollowers(deps, authorId, start, options, async (followerIds) => ({
    count: await deps.feeds.remove(postIds, followerIds),
    stop: false,
  }));
}

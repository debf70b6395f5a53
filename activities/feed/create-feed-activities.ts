import { type EventRef } from '../../contracts/event-ref';
import { guarded } from '../guard';
import { type FeedDeps } from './deps';
import { beginFanOut, fanOutPages } from './fan-out';
import { settleFollow } from './follow';
import { type WalkPoint } from './page-followers';
import { type Progress, stepPatienceMs, withProgress } from './progress';
import { type PurgePoint, purgeAuthor } from './purge-author';
import { refreshPost } from './refresh';
import { beginRetraction, retractPages } from './retract';
import { signalRuns } from './signal-runs';

/**
 * Everything that happens to feeds. Arguments and results are ids, cursors and counts. `patienceMs`: a step of a long
 * activity that takes longer hangs.
 */
export function createFeedActivities(deps: FeedDeps, options = { patienceMs: stepPatienceMs }) {
  const long = <Point, Result>(work: (progress: Progress<Point>) => Promise<Result>) =>
    withProgress(work, options.patienceMs);
  return guarded({
    /** Short. Records the post and writes the first page of followers. */
    feedBegin: (event: EventRef) => beginFanOut(deps, event),
    /** Long, heartbeats. Writes further pages. */
    feedFanoutPages: (event: EventRef, from: WalkPoint) =>
      long((progress: Progress<WalkPoint>) => fanOutPages(deps, event, from, progress)),
    /** Short. Sets the tombstone and clears the first page of followers. */
    retractBegin: (event: EventRef) => beginRetraction(deps, event),
    /** Long, heartbeats. Clears further pages. */
    retractPages: (event: EventRef, from: WalkPoint) =>
      long((progress: Progress<WalkPoint>) => retractPages(deps, event, from, progress)),
    /** Signals the running workflows of the aggregate; returns how many. */
    retractSignal: (event: EventRef) => signalRuns(deps, event),
    /** Short. Makes the follower's feed fit the follow. */
    feedFollow: (event: EventRef) => settleFollow(deps, event),
    /** Short. Merges an edit; false if the post is unknown. */
    feedRefresh: (event: EventRef) => refreshPost(deps, event),
    /** Long, heartbeats. For `identity.user.deleted`, hard: feeds, media links, notifications about the posts. */
    feedPurgeAuthor: (event: EventRef) => long((progress: Progress<PurgePoint>) => purgeAuthor(deps, event, progress)),
  });
}

export type FeedActivities = ReturnType<typeof createFeedActivities>;

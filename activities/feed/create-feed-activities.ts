import { type EventRef } from '../../contracts/event-ref';
import { guarded } from '../guard';
import { type FeedDeps } from './deps';
import { beginFanOut, fanOutPages } from './fan-out';
import { settleFollow } from './follow';
import { type WalkPoint } from './page-followers';
import { activityProgress } from './progress';
import { purgeAuthor } from './purge-author';
import { refreshPost } from './refresh';
import { beginRetraction, retractPages } from './retract';
import { signalRuns } from './signal-runs';

/** Everything that happens to feeds. Arguments and results are ids, cursors and counts. */
export function createFeedActivities(deps: FeedDeps) {
  return guarded({
    /** Short. Records the post and writes the first page of followers. */
    feedBegin: (event: EventRef) => beginFanOut(deps, event),
    /** Long, heartbeats. Writes further pages. */
    feedFanoutPages: (event: EventRef, from: WalkPoint) =>
      fanOutPages(deps, event, from, activityProgress<WalkPoint>()),
    /** Short. Sets the tombstone and clears the first page of followers. */
    retractBegin: (event: EventRef) => beginRetraction(deps, event),
    /** Long, heartbeats. Clears further pages. */
    retractPages: (event: EventRef, from: WalkPoint) => retractPages(deps, event, from, activityProgress<WalkPoint>()),
    /** Tells running workflows of the aggregate; answers how many. */
    retractSignal: (event: EventRef) => signalRuns(deps, event),
    /** Short. Makes the follower's feed fit the follow. */
    feedFollow: (event: EventRef) => settleFollow(deps, event),
    /** Short. Merges an edit; false if the post is unknown. */
    feedRefresh: (event: EventRef) => refreshPost(deps, event),
    /** Long, heartbeats. For `identity.user.deleted`, hard. */
    feedPurgeAuthor: (event: EventRef) => purgeAuthor(deps, event, activityProgress<WalkPoint>()),
  });
}

export type FeedActivities = ReturnType<typeof createFeedActivities>;

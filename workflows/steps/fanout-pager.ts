import {
  ActivityCancellationType,
  CancellationScope,
  patched,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { FeedActivities } from '../../activities/feed/create-feed-activities';
import type { FanoutStep } from '../../activities/feed/fan-out';
import type { WalkPoint } from '../../activities/feed/page-followers';
import { type EventRef } from '../../contracts/event-ref';
import { limits } from '../../contracts/time-budgets';
import { onQueue } from './activity-options';

/** Calls of the paging activity per run, some 200,000 followers each: keeps every history short enough to read. */
const callsPerRun = 20;

/** Pages a fan-out to its end, one long activity after another. */
export class FanoutPager {
  private waiting: CancellationScope | undefined;

  constructor(private readonly event: EventRef) {}

  /** Returns the last step; with a `next` when enough was done in this run and `mayHandOver` allows a successor. */
  async run(begun: FanoutStep, mayHandOver: () => boolean): Promise<FanoutStep> {
    let step = begun;
    for (let calls = 0; step.next !== null; calls++) {
      if ((calls >= callsPerRun || workflowInfo().continueAsNewSuggested) && mayHandOver()) return step;
      step = await this.pages(step, step.next);
    }
    return step;
  }

  /**
   * The post may have been deleted: ends the call in flight between two pages, and with it a wait for a retry. The next
   * call begins after that one has ended and where it ended. It looks at the tombstone first, so a signal without a
   * delete stops nothing.
   */
  lookAgain(): void {
    this.waiting?.cancel();
  }

  private async pages(step: FanoutStep, from: WalkPoint): Promise<FanoutStep> {
    // Runs of the version before replay without: there the next call began beside the one that was cancelled.
    const waits = patched('fanout-waits-for-cancelled-pages');
    const { feedFanoutPages } = proxyActivities<FeedActivities>(
      onQueue('feed', {
        startToCloseTimeout: limits.pages.startToCloseMs,
        heartbeatTimeout: limits.pages.heartbeatMs,
        summary: 'write to feeds',
        cancellationType: waits
          ? ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
          : ActivityCancellationType.TRY_CANCEL,
      }),
    );
    // Only around a regular activity: cancelling a local one can get stuck.
    const scope = new CancellationScope();
    this.waiting = scope;
    try {
      return await scope.run(() => feedFanoutPages(this.event, from));
    } catch (thrown) {
      // A cancelled attempt may also end with its own failure or a timeout, which Temporal does not retry any more.
      if (!scope.consideredCancelled || CancellationScope.current().consideredCancelled) throw thrown;
      return step;
    } finally {
      this.waiting = undefined;
    }
  }
}

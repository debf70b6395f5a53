import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { FeedActivities } from '../activities/feed/create-feed-activities';
import type { RetractStep } from '../activities/feed/retract';
import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { limits } from '../contracts/time-budgets';
import { onQueue } from './steps/activity-options';
import { beginEmit } from './steps/emit-to-kafka';
import { localFirst, localThenLater } from './steps/local-first';
import { recordOutcome } from './steps/outcome';
import { settleAll } from './steps/settle';

/**
 * Something was deleted, archived or taken back. The tombstone comes first and is the guarantee: what runs late sees it
 * and undoes itself. Signalling the running workflows only makes them stop sooner.
 */
export async function retractionWorkflow(event: EventRef): Promise<WorkflowResult> {
  const begun = await localThenLater('retractBegin', onQueue('feed', { summary: 'tombstone, first page' }), event);
  const feed = begun.done.then((step) => removePages(event, step));
  const signalled = begun.done.then(({ signal }) => (signal ? signalRunning(event) : 0));
  feed.catch(() => undefined);
  signalled.catch(() => undefined);
  const notices = await localThenLater(
    'notifyRetract',
    onQueue('notification', {
      startToCloseTimeout: limits.purge.noticesMs,
      heartbeatTimeout: limits.purge.heartbeatMs,
      summary: 'take notifications back',
    }),
    event,
  );
  const emit = await beginEmit(event);
  // Only once the tombstone is there, so that a claim that comes later sees it.
  const media = begun.done.then(({ signal }) => (signal ? unlinkMedia(event) : { unlinked: 0 }));
  await settleAll({ feed, signal: signalled, notices: notices.done, media, 'kafka emit': emit.done });
  const { mode, removed } = await feed;
  const outcome = mode === 'overtaken' ? 'skipped' : 'done';
  recordOutcome(outcome);
  return {
    outcome,
    counts: {
      removed,
      signalled: await signalled,
      unlinked: (await media).unlinked,
      notificationsRetracted: (await notices.done).retracted,
    },
  };
}

async function removePages(event: EventRef, begun: RetractStep): Promise<RetractStep> {
  const { retractPages } = proxyActivities<FeedActivities>(
    onQueue('feed', {
      startToCloseTimeout: limits.pages.startToCloseMs,
      heartbeatTimeout: limits.pages.heartbeatMs,
      summary: 'take out of feeds',
    }),
  );
  let step = begun;
  // Each call covers some 200,000 followers, so a history of thousands of events is out of reach.
  while (step.next !== null) step = await retractPages(event, step.next);
  return step;
}

/** Of a post that is deleted for good; an archived one keeps its media. */
function unlinkMedia(event: EventRef): Promise<{ unlinked: number }> {
  return localFirst('mediaUnlink', onQueue('media', { summary: 'unlink media' }), event);
}

/** Best effort: without it a fan-out stops at its next look at the tombstone. */
async function signalRunning(event: EventRef): Promise<number> {
  const { retractSignal } = proxyActivities<FeedActivities>(
    onQueue('feed', {
      startToCloseTimeout: limits.signal.startToCloseMs,
      retry: { initialInterval: '200ms', maximumAttempts: 3 },
      summary: 'signal running workflows',
    }),
  );
  try {
    return await retractSignal(event);
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
    return 0;
  }
}

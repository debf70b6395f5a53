import { patched } from '@temporalio/workflow';
import { type EventRef } from '../contracts/event-ref';
import { followChangeOf } from '../contracts/events/follow-change';
import { type WorkflowResult } from '../contracts/signals';
import { limits } from '../contracts/time-budgets';
import { onQueue } from './steps/activity-options';
import { emitToKafka } from './steps/emit-to-kafka';
import { localThenLater } from './steps/local-first';
import { beginNotify, noOneNotified } from './steps/begin-notify';
import { settleAll } from './steps/settle';

/**
 * A follow began or ended: the follower's feed is brought in line with it. Of a new one the followee is notified; with the end
 * of it that is taken back.
 */
export async function followWorkflow(event: EventRef): Promise<WorkflowResult> {
  const feed = await localThenLater('feedFollow', onQueue('feed', { summary: 'fill or clear the feed' }), event);
  const notifying = followChangeOf(event) === 'begins' ? await beginNotify(event) : undefined;
  const notified = notifying?.done ?? Promise.resolve(noOneNotified);
  const { done: retracted } = await beginRetract(event);
  await settleAll({ feed: feed.done, notify: notified, notices: retracted, 'kafka emit': emitToKafka(event) });
  const { created, sent } = await notified;
  return { outcome: 'done', counts: { notified: created, ...sent, ...((await retracted) ?? {}) } };
}

/** In a run begun by a version that took nothing back, nothing is. */
async function beginRetract(event: EventRef): Promise<{ readonly done: Promise<{ retracted: number } | undefined> }> {
  if (followChangeOf(event) !== 'ends' || !patched('follow-removed-retracts'))
    return { done: Promise.resolve(undefined) };
  return localThenLater(
    'notifyRetract',
    onQueue('notification', {
      startToCloseTimeout: limits.purge.noticesMs,
      heartbeatTimeout: limits.purge.heartbeatMs,
      summary: 'take the notice back',
    }),
    event,
  );
}

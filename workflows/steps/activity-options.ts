import { type ActivityOptions, type LocalActivityOptions, workflowInfo } from '@temporalio/workflow';
import { nonRetryableCodes } from '../../contracts/failures';
import { type QueueName, siblingQueue } from '../../contracts/workflow-types';
import { limits } from '../../contracts/time-budgets';

/**
 * First try of a short idempotent effect: inside the worker that runs the workflow, without a trip through the server
 * (three regular activities cost the server 28 ms of CPU, three local ones 9 ms). One attempt, tightly bounded: when a
 * dependency is slow or down the step moves to a regular activity at once, where people can see it.
 */
export const localTry: LocalActivityOptions = {
  startToCloseTimeout: limits.localTry.startToCloseMs,
  scheduleToCloseTimeout: limits.localTry.scheduleToCloseMs,
  retry: { maximumAttempts: 1 },
};

/**
 * A regular activity on the pool of its effect. Retried without limit: an outage must use up no attempts, and a stuck
 * event is a pending activity with its attempt and last failure in the Web UI. Failures that no retry can repair end it
 * at once.
 */
export function onQueue(queue: QueueName, overrides: Partial<ActivityOptions> = {}): ActivityOptions {
  return {
    taskQueue: siblingQueue(workflowInfo().taskQueue, queue),
    startToCloseTimeout: limits.activity.startToCloseMs,
    retry: {
      // Quick at first, since most faults are over in a second; capped so that a recovery is noticed within 30 s.
      initialInterval: '200ms',
      backoffCoefficient: 2,
      maximumInterval: '30s',
      nonRetryableErrorTypes: [...nonRetryableCodes],
    },
    ...overrides,
  };
}

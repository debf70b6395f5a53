import { WorkflowNotFoundError } from '@temporalio/client';
import { grpcStatusOf, serviceErrorIn } from './service-error';

/** Temporal gives a run that has had all signals it may have INVALID_ARGUMENT, and says so only in words. */
const ofTheLimit = /limit for signal events/i;

/**
 * True when a run takes no signal now and none later: it is over, or it has had as many as Temporal allows (10,000). What a
 * signal speaks of is found without it, so nothing is lost.
 */
export function takesNoSignals(thrown: unknown): boolean {
  if (thrown instanceof WorkflowNotFoundError) return true;
  return grpcStatusOf(thrown) === 'INVALID_ARGUMENT' && ofTheLimit.test(serviceErrorIn(thrown)?.details ?? '');
}

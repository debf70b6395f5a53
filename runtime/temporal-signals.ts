import { WorkflowNotFoundError } from '@temporalio/client';
import { serviceErrorIn } from './service-error';

/** Temporal gives a run that has had all signals it may have this code of gRPC, and says so only in words. */
const invalidArgument = 3;
const ofTheLimit = /limit for signal events/i;

/**
 * True when a run takes no signal now and none later: it is over, or it has had as many as Temporal allows (10,000). What a
 * signal speaks of is found without it, so nothing is lost.
 */
export function takesNoSignals(thrown: unknown): boolean {
  if (thrown instanceof WorkflowNotFoundError) return true;
  const reply = serviceErrorIn(thrown);
  return reply !== undefined && (reply.code as number) === invalidArgument && ofTheLimit.test(reply.details);
}

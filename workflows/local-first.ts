import {
  ActivityFailure,
  type ActivityFunction,
  type ActivityOptions,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import { nonRetryableCodes } from '../contracts/failures';
import { localTry } from './activity-options';

const hopeless = new Set<string>(nonRetryableCodes);

/**
 * Calls an idempotent activity as a local one, and if that fails as a regular one with the given options. A failure that
 * no retry can mend is not tried a second time.
 */
export async function localFirst<Args extends unknown[], Result>(
  name: string,
  options: ActivityOptions,
  ...args: Args
): Promise<Result> {
  type Activities = Record<string, ActivityFunction<Args, Result>>;
  try {
    return await call(proxyLocalActivities<Activities>(localTry)[name], args);
  } catch (thrown) {
    if (isCancellation(thrown) || isHopeless(thrown)) throw thrown;
    return await call(proxyActivities<Activities>(options)[name], args);
  }
}

async function call<Args extends unknown[], Result>(
  activity: ActivityFunction<Args, Result> | undefined,
  args: Args,
): Promise<Result> {
  if (activity === undefined) throw ApplicationFailure.nonRetryable('activity proxy without the activity asked for');
  return activity(...args);
}

function isHopeless(thrown: unknown): boolean {
  const cause = thrown instanceof ActivityFailure ? thrown.cause : thrown;
  return cause instanceof ApplicationFailure && cause.type != null && hopeless.has(cause.type);
}

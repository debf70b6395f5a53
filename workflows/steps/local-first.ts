import {
  ActivityFailure,
  type ActivityFunction,
  type ActivityOptions,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import { nonRetryableCodes } from '../../contracts/failures';
import { localTry } from './activity-options';
import { type ActivityName, type ArgumentsOf, type Callable, type ResultOf } from '../activities';
import { gathersCancellation } from './cancelled';

const nonRetryable = new Set<string>(nonRetryableCodes);

/**
 * Calls an idempotent activity as a local one, and if that fails as a regular one with the given options. A failure that
 * no retry can repair is not tried a second time.
 */
export async function localFirst<Name extends ActivityName>(
  name: Name,
  options: ActivityOptions,
  ...args: ArgumentsOf<Name>
): Promise<ResultOf<Name>> {
  const { done } = await localThenLater(name, options, ...args);
  return done;
}

/**
 * The same, but returns when the local try is over: what failed goes on in `done` as a regular activity, while the
 * workflow begins its next effect. So local activities run one after another, and none waits for a dead dependency of
 * the one before. Gather `done` with `settleAll`.
 */
export async function localThenLater<Name extends ActivityName>(
  name: Name,
  options: ActivityOptions,
  ...args: ArgumentsOf<Name>
): Promise<{ readonly done: Promise<ResultOf<Name>> }> {
  let done: Promise<ResultOf<Name>>;
  try {
    done = Promise.resolve(await call(proxyLocalActivities<Callable<Name>>(localTry)[name], args));
  } catch (thrown) {
    // Gathered by settleAll, which names every effect that the cancellation kept from being done.
    if (isCancellation(thrown) && !gathersCancellation()) throw thrown;
    const isOver = isCancellation(thrown) || isNonRetryable(thrown);
    done = isOver ? rejected(thrown) : call(proxyActivities<Callable<Name>>(options)[name], args);
    // Gathered later; until then a failure is not an unhandled one.
    done.catch(() => undefined);
  }
  return { done };
}

/** A promise rejected with whatever was caught. */
export async function rejected(thrown: unknown): Promise<never> {
  throw thrown;
}

async function call<Args extends unknown[], Result>(
  activity: ActivityFunction<Args, Result> | undefined,
  args: Args,
): Promise<Result> {
  if (activity === undefined) throw ApplicationFailure.nonRetryable('activity proxy without the activity asked for');
  return activity(...args);
}

function isNonRetryable(thrown: unknown): thrown is Error {
  const cause = thrown instanceof ActivityFailure ? thrown.cause : thrown;
  return cause instanceof ApplicationFailure && cause.type != null && nonRetryable.has(cause.type);
}

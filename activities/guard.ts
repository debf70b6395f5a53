import { ApplicationFailure } from '@temporalio/common';
import { NovaError } from '../contracts/failures';

type Activities = Record<string, (...args: never[]) => Promise<unknown>>;

/**
 * Turns NovaErrors into ApplicationFailures whose type is the code and whose retryability is the catalogue's, so that
 * workflows and the Web UI see `KAFKA_UNAVAILABLE` and not a stack. Any other error stays what it is: a bug, retried.
 */
export function guarded<A extends Activities>(activities: A): A {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (...args: never[]) => {
      try {
        return await activity(...args);
      } catch (thrown) {
        if (!(thrown instanceof NovaError)) throw thrown;
        throw ApplicationFailure.create({
          message: thrown.message,
          type: thrown.code,
          nonRetryable: !thrown.entry.retryable,
          cause: thrown,
          ...(thrown.retryAfterMs === undefined ? {} : { nextRetryDelay: thrown.retryAfterMs }),
        });
      }
    },
  ]);
  return Object.fromEntries(wrapped) as A;
}

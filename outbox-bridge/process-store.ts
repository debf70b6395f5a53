import { NovaError } from '../contracts/failures';
import { toError } from '../runtime/errors';
import { type ServerSettings, withSetting } from '../runtime/which-setting';
import { type OutboxStore } from './ports';

/**
 * The store as a process uses it: says once, after the first claim that may hand out rows, that they are started; and a
 * claim that fails says with which variable it is corrected.
 */
export function storeOfProcess(store: OutboxStore, settings: ServerSettings, onFirstClaim: () => void): OutboxStore {
  let first = true;
  return {
    claim: async (request) => {
      const rows = await store.claim(request).catch((thrown: unknown) => {
        throw naming(thrown, settings);
      });
      // A claim of no rows asks only whether PostgreSQL is back from an outage.
      if (first && request.maxRows > 0) {
        first = false;
        onFirstClaim();
      }
      return rows;
    },
    settle: (settlements) => store.settle(settlements),
    isRepeated: async (row) => (await store.isRepeated?.(row)) ?? false,
  };
}

/** The same failure, which names the setting. */
function naming(thrown: unknown, settings: ServerSettings): Error {
  if (thrown instanceof NovaError) {
    return thrown.cause === undefined
      ? thrown
      : new NovaError(thrown.code, withSetting(thrown.cause, settings), { cause: thrown.cause });
  }
  const error = toError(thrown);
  const text = withSetting(error, settings);
  return text === error.message ? error : new Error(text, { cause: error });
}

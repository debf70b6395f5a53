import { setTimeout as pause } from 'node:timers/promises';
import { within as rejectAfter } from '../../runtime/within';

/** Asks `condition` again and again until it holds (true) or the time is over (false). */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { timeoutMs, everyMs }: { timeoutMs: number; everyMs: number },
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() >= deadline) return false;
    await pause(everyMs);
  }
}

/** Rejects when the promise takes longer than `ms`; the work itself is not stopped. */
export function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  return rejectAfter(ms, promise, () => new Error(`${what} did not reply within ${ms} ms`));
}

/**
 * Polls until `condition` returns something truthy, and returns that. The one way tests wait: no sleeps. Every 20 ms at first, and
 * every 100 ms in a long wait, where looking takes computing from what is waited for; `everyMs`: always so.
 * @throws with the last thing seen when `timeoutMs` have passed
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 90_000, everyMs, what = 'the condition' } = options;
  const begunAt = Date.now();
  const deadline = begunAt + timeoutMs;
  let seen: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      seen = value;
    } catch (thrown) {
      seen = thrown;
    }
    if (Date.now() > deadline)
      throw new Error(`${what} did not come true within ${timeoutMs} ms; last seen: ${String(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs ?? Math.min(100, 20 + (Date.now() - begunAt) / 20)));
  }
}

/**
 * Waits until `left` returns 0, for as long as it goes on shrinking: how long much work may take depends on the machine, and
 * is not limited. `left` may throw, as while a server is away.
 * @throws with the last thing seen when nothing has become less for `stillMs`
 */
export async function waitUntilDone(
  left: () => Promise<number>,
  { stillMs = 120_000, everyMs = 100, what }: { stillMs?: number; everyMs?: number; what: string },
): Promise<void> {
  let least = Infinity;
  let changedAt = Date.now();
  for (;;) {
    const seen = await left().catch((thrown: unknown) => String(thrown));
    if (seen === 0) return;
    if (typeof seen === 'number' && seen < least) [least, changedAt] = [seen, Date.now()];
    if (Date.now() - changedAt > stillMs)
      throw new Error(`${what} did not come nearer for ${stillMs} ms; still left: ${seen}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

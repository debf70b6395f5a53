/**
 * Polls until `condition` answers something truthy, and answers that. The one way tests wait: no sleeps.
 * @throws with the last thing seen when `timeoutMs` have passed
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 90_000, everyMs = 20, what = 'the condition' } = options;
  const deadline = Date.now() + timeoutMs;
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
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

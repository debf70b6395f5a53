import { ApplicationFailure } from '@temporalio/workflow';

/**
 * Waits for every effect, whatever happens to the others, then fails the workflow if one failed: a failed notification
 * must not leave a fan-out half done. The failure names each effect that failed; its cause is the first.
 */
export async function settleAll(effects: Record<string, Promise<unknown>>): Promise<void> {
  const names = Object.keys(effects);
  const results = await Promise.allSettled(Object.values(effects));
  const failed = results.flatMap((result, i) =>
    result.status === 'rejected' ? [{ name: names[i], reason: result.reason as unknown }] : [],
  );
  const first = failed[0];
  if (first === undefined) return;
  throw ApplicationFailure.create({
    message: `failed: ${failed.map((failure) => failure.name).join(', ')}; the other effects are done`,
    type: 'EFFECT_FAILED',
    nonRetryable: true,
    ...(first.reason instanceof Error ? { cause: first.reason } : {}),
  });
}

import { ApplicationFailure, CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow';
import { endsAsCancelled } from './cancelled';

/**
 * Waits for every effect, whatever happens to the others, then ends the workflow if one was not done: a failed notification
 * must not leave a fan-out half done.
 *
 * @throws ApplicationFailure EFFECT_FAILED that names each effect that failed; its cause is the first
 * @throws CancelledFailure when the run was cancelled and an effect ended by that; what was not done is in the run's memo
 */
export async function settleAll(effects: Record<string, Promise<unknown>>): Promise<void> {
  const names = Object.keys(effects);
  const results = await Promise.allSettled(Object.values(effects));
  const failed = results.flatMap((result, i) =>
    result.status === 'rejected' ? [{ name: names[i] ?? '', reason: result.reason as unknown }] : [],
  );
  const first = failed[0];
  if (first === undefined) return;
  const undone = failed.map(({ name }) => name);
  const cancelled =
    CancellationScope.current().consideredCancelled && failed.some(({ reason }) => isCancellation(reason));
  if (cancelled && endsAsCancelled(undone)) throw new CancelledFailure(`cancelled; not done: ${undone.join(', ')}`);
  throw ApplicationFailure.create({
    message: `failed: ${undone.join(', ')}${undone.length < names.length ? '; the other effects are done' : ''}`,
    type: 'EFFECT_FAILED',
    nonRetryable: true,
    ...(first.reason instanceof Error ? { cause: first.reason } : {}),
  });
}

import { Context } from '@temporalio/activity';
import { limits } from '../../contracts/time-budgets';
import { withHeartbeats } from '../heartbeat';

/** Milliseconds since this activity was first scheduled, over all its attempts. */
export function scheduledAgoMs(): number {
  return Date.now() - Context.current().info.scheduledTimestampMs;
}

/** True in a local activity: the short first try inside the workflow's worker. */
export function isLocalTry(): boolean {
  return Context.current().info.isLocal;
}

/** Runs `work` while reporting to Temporal every second that this attempt lives, which also brings cancellations in. */
export async function withHeartbeat<T>(work: (cancelled: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = (): void => context.heartbeat();
  beat();
  return withHeartbeats(limits.delivery.beatMs, beat, () => work(context.cancellationSignal));
}

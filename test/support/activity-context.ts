import { Context, type Info, asyncLocalStorage } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';

/** What an activity's context is to look like. */
export interface AttemptOptions {
  /** Milliseconds since the activity was first scheduled. */
  readonly scheduledAgoMs?: number;
  readonly isLocal?: boolean;
  /** What an earlier attempt had reported. */
  readonly heartbeatDetails?: unknown;
  readonly onHeartbeat?: (details: unknown) => void;
  /** Aborting it cancels the activity. */
  readonly cancel?: AbortSignal;
}

/** Runs an activity as a worker would: within a context, without a server. For tests of the activity alone. */
export function inActivity<T>(activity: () => Promise<T>, options: AttemptOptions = {}): Promise<T> {
  const cancellation = new AbortController();
  const cancelled = new Promise<never>((_, reject) => {
    options.cancel?.addEventListener('abort', () => {
      const failure = new CancelledFailure('cancelled by the test');
      cancellation.abort(failure);
      reject(failure);
    });
  });
  cancelled.catch(() => undefined);
  const info = {
    scheduledTimestampMs: Date.now() - (options.scheduledAgoMs ?? 0),
    isLocal: options.isLocal ?? false,
    heartbeatDetails: options.heartbeatDetails,
    attempt: 1,
    startToCloseTimeoutMs: 600_000,
  } as Info;
  const unused = undefined as never;
  const heartbeat = (details: unknown): void => options.onHeartbeat?.(details);
  const context = new Context(info, cancelled, cancellation.signal, heartbeat, unused, unused, unused, unused);
  return asyncLocalStorage.run(context, activity);
}

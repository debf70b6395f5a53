import { Context } from '@temporalio/activity';
import { limits } from '../../contracts/time-budgets';
import { withHeartbeats } from '../heartbeat';

/** How a long activity goes on when its worker dies: it reports how far it is, and its next attempt begins there. */
export interface Progress<Point> {
  /** Last point reported by an earlier attempt. */
  readonly resumeAt: Point | undefined;
  report(point: Point): void;
  /** A step is done that changes nothing about where the next attempt begins. */
  alive(): void;
  /** The workflow wants it to end; it does so between pages. */
  cancelled(): boolean;
}

const heartbeatMs = limits.pages.beatMs;

/** Longest step of a long activity, milliseconds: several times what the timeouts of its calls to servers add up to. */
export const stepPatienceMs: number = limits.pages.stepMs;

/**
 * Runs `work` with progress by Temporal's heartbeats; only inside an activity. A timer repeats the last point, so that a
 * step longer than the heartbeat timeout is not taken for a worker that died, and a cancellation arrives. A step longer
 * than `patienceMs` hangs: the timer falls silent, and Temporal gives the activity to another attempt.
 */
export async function withProgress<Point, Result>(
  work: (progress: Progress<Point>) => Promise<Result>,
  patienceMs = stepPatienceMs,
): Promise<Result> {
  const context = Context.current();
  const resumeAt = context.info.heartbeatDetails as Point | undefined;
  let point = resumeAt;
  let stepBegan = performance.now();
  const beat = (): void => {
    if (performance.now() - stepBegan < patienceMs) context.heartbeat(point);
  };
  const alive = (): void => {
    stepBegan = performance.now();
    context.heartbeat(point);
  };
  return withHeartbeats(heartbeatMs, beat, () =>
    work({
      resumeAt,
      report: (reached) => {
        point = reached;
        alive();
      },
      alive,
      cancelled: () => context.cancellationSignal.aborted,
    }),
  );
}

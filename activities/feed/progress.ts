import { Context } from '@temporalio/activity';

/** How a long activity survives its worker: it reports where it is, and its next attempt begins there. */
export interface Progress<Point> {
  /** Last point reported by an earlier attempt. */
  readonly resumeAt: Point | undefined;
  report(point: Point): void;
  /** The workflow wants it to end; it does so between pages. */
  cancelled(): boolean;
}

/** Progress by Temporal's heartbeats; only inside an activity. */
export function activityProgress<Point>(): Progress<Point> {
  const context = Context.current();
  return {
    resumeAt: context.info.heartbeatDetails as Point | undefined,
    report: (point) => context.heartbeat(point),
    cancelled: () => context.cancellationSignal.aborted,
  };
}

import { ContinueAsNew, type WorkflowInterceptors, isCancellation, proxySinks } from '@temporalio/workflow';
import { type EventRef } from '../contracts/event-ref';
import { type RunEndSinks } from '../contracts/run-ends';
import { parseTraceparent } from '../contracts/trace-context';

/**
 * Says how and when the run of a traced event ended, for its span, and puts the trace into its lines. Like the story it changes no command and adds
 * no step to a promise: histories of the versions before replay, and a sink is not called in a replay.
 */
export const interceptors = (): WorkflowInterceptors => {
  let event: Partial<EventRef> | undefined;
  return {
    inbound: [
      {
        execute(input, next) {
          event = input.args[0] as Partial<EventRef> | undefined;
          const done = next(input);
          if (event?.eventId === undefined || !isRecorded(event.traceparent)) return done;
          const { runEnds } = proxySinks<RunEndSinks>();
          done.then(
            () => runEnds.ended(event as EventRef, null),
            (thrown: unknown) => runEnds.ended(event as EventRef, failureOf(thrown)),
          );
          return done;
        },
      },
    ],
    outbound: [
      {
        getLogAttributes(input, next) {
          const traceId = parseTraceparent(event?.traceparent)?.traceId;
          return next(traceId === undefined ? input : { ...input, trace_id: traceId });
        },
      },
    ],
  };
};

function failureOf(thrown: unknown): string | null {
  return thrown instanceof ContinueAsNew || isCancellation(thrown) ? null : String((thrown as Error).message);
}

const isRecorded = (traceparent: string | undefined): boolean =>
  ((parseTraceparent(traceparent)?.flags ?? 0) & 1) === 1;

import { type Info } from '@temporalio/activity';
import { type ActivityInterceptorsFactory } from '@temporalio/worker';
import { type EventRef } from '../contracts/event-ref';
import { parseTraceparent, spanIdOfRun, traceparentOf } from '../contracts/trace-context';
import { eventAttributes, inSpan, isTraced, withTraceId } from '../runtime/traces';

/** A span for each try of an activity of an event, below that of its run; and the event's trace in each line that is logged meanwhile. */
export const tracedActivities: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute: (input, next) => {
      const event = (input.args[0] ?? {}) as Partial<EventRef>;
      const written = parseTraceparent(event.traceparent);
      if (event.eventId === undefined || written === undefined) return next(input);
      return withTraceId(event.traceparent, () => {
        if (!isTraced()) return next(input);
        const { runId } = info.workflowExecution ?? {};
        const parent =
          runId === undefined ? event.traceparent : traceparentOf({ ...written, spanId: spanIdOfRun(runId) });
        return inSpan(info.activityType, { parent, attributes: attributesOf(event, info) }, () => next(input));
      });
    },
  },
});

function attributesOf(event: Partial<EventRef>, { attempt, isLocal, taskQueue, workflowExecution }: Info) {
  return {
    ...eventAttributes(event),
    'temporal.workflow.id': workflowExecution?.workflowId,
    'temporal.run.id': workflowExecution?.runId,
    'temporal.task_queue': taskQueue,
    'temporal.activity.attempt': attempt,
    'temporal.activity.local': isLocal,
  };
}

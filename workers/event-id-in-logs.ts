import { type ActivityInterceptorsFactory } from '@temporalio/worker';
import { type EventRef } from '../contracts/event-ref';
import { parseTraceparent } from '../contracts/trace-context';
import { traceField } from '../runtime/traces';

/** Every line that is logged about an activity, by the SDK or by us, says which event it is for, in which outbox that is, and its trace. */
export const eventIdInLogs: ActivityInterceptorsFactory = () => {
  let event: Partial<EventRef> | undefined;
  return {
    inbound: {
      execute: (input, next) => {
        event = input.args[0] as Partial<EventRef> | undefined;
        return next(input);
      },
    },
    outbound: {
      getLogAttributes: (input, next) => {
        if (event?.eventId === undefined) return next(input);
        return next({
          ...input,
          event_id: event.eventId,
          ...(event.outbox === undefined ? {} : { outbox: event.outbox }),
          ...traceField(parseTraceparent(event.traceparent)),
        });
      },
    },
  };
};

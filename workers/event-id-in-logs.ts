import { type ActivityInterceptorsFactory } from '@temporalio/worker';
import { type EventRef } from '../contracts/event-ref';

/** Every line that is logged about an activity, by the SDK or by us, says which event it is for. */
export const eventIdInLogs: ActivityInterceptorsFactory = () => {
  let eventId: string | undefined;
  return {
    inbound: {
      execute: (input, next) => {
        eventId = (input.args[0] as Partial<EventRef> | undefined)?.eventId;
        return next(input);
      },
    },
    outbound: {
      getLogAttributes: (input, next) => next(eventId === undefined ? input : { ...input, event_id: eventId }),
    },
  };
};

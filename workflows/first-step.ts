import { type WorkflowInterceptors, defaultPayloadConverter, workflowInfo } from '@temporalio/workflow';
import { replayPriorityKey } from '../contracts/priority';
import { runBeganHeader } from '../contracts/start-wait';

/** Events of a run when its first workflow task begins: the start, the task that is scheduled, the task that is started. */
const atFirst = 3;

/**
 * Gives the first step of a run, when it is local, the moment at which Temporal had the run: the worker that executes the step knows then how
 * long the run waited. A header changes no command, so histories of the versions before replay. Replays of old events wait by intention.
 */
export const interceptors = (): WorkflowInterceptors => {
  let isFirst = true;
  return {
    outbound: [
      {
        scheduleLocalActivity(input, next) {
          const { historyLength, startTime, priority } = workflowInfo();
          const counts = isFirst && historyLength <= atFirst && priority?.priorityKey !== replayPriorityKey;
          isFirst = false;
          if (!counts) return next(input);
          const began = defaultPayloadConverter.toPayload(startTime.getTime());
          return next({ ...input, headers: { ...input.headers, [runBeganHeader]: began } });
        },
      },
    ],
  };
};

import { type InjectedSinks } from '@temporalio/worker';
import { type RunEndSinks } from '../contracts/run-ends';
import { spanIdOfRun } from '../contracts/trace-context';
import { beginSpan, eventAttributes, failSpan, isTraced } from '../runtime/traces';

/** The span of a run, made at its end: until then no process holds one that could die with it. Activities know its id (spanIdOfRun). */
export const traceSinks: InjectedSinks<RunEndSinks> = {
  runEnds: {
    ended: {
      callDuringReplay: false,
      fn: (info, event, failure) => {
        if (!isTraced()) return;
        const { runId, workflowId, workflowType, startTime } = info;
        const attributes = {
          ...eventAttributes(event),
          'temporal.workflow.id': workflowId,
          'temporal.run.id': runId,
        };
        const [beganMs, spanId] = [startTime.getTime(), spanIdOfRun(runId)];
        const span = beginSpan(workflowType, { parent: event.traceparent, attributes, beganMs, spanId });
        if (failure !== null) failSpan(span, new Error(failure));
        span?.end();
      },
    },
  },
};

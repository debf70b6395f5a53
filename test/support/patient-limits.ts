import { type WorkflowInterceptorsFactory, workflowInfo } from '@temporalio/workflow';

/** Far more than a machine may be slow by; a test whose run needs this long has failed in any case. */
const patience = '10m';

/** In the memo of a run that is to have the limits of the product, since they are what its test is about. */
export const productLimits = { limits: 'product' } as const;

/** The same for the local tries only: what they leave to regular activities has time without limit. */
export const productLocalTries = { limits: 'product for local tries' } as const;

const limitsOfRun = (): unknown => workflowInfo().memo?.['limits'];

/**
 * Workflow code, bundled with the product's for tests: activities have time without limit. A local try that a slow machine
 * does not end in its two seconds is made again as a regular activity, beside the first one; a long activity whose process
 * stands still for ten seconds is given to another attempt. Both are right, and both change what a test counts.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleLocalActivity: (input, next) => {
        if (limitsOfRun() !== undefined) return next(input);
        return next({
          ...input,
          options: { ...input.options, startToCloseTimeout: patience, scheduleToCloseTimeout: patience },
        });
      },
      scheduleActivity: (input, next) => {
        if (limitsOfRun() === productLimits.limits) return next(input);
        const beats = input.options.heartbeatTimeout === undefined ? {} : { heartbeatTimeout: patience };
        return next({ ...input, options: { ...input.options, startToCloseTimeout: patience, ...beats } });
      },
    },
  ],
});

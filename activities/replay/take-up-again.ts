import { type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { replayPriorityKey } from '../../contracts/priority';
import { knownRun } from '../../runtime/known-run';
import { grpcStatusOf } from '../../runtime/service-error';
import { type ReplayItem, type Settled } from './pg-replay-plans';

const { ResetReapplyExcludeType } = temporal.api.enums.v1;
type ResetRequest = temporal.api.workflowservice.v1.IResetWorkflowExecutionRequest;

/** Ended, and not as it should. */
export const isBad = (status: string): boolean => ['FAILED', 'TERMINATED', 'TIMED_OUT', 'CANCELLED'].includes(status);

/**
 * Resets one run to before the step that failed. What is no longer as the plan saw it is left alone: a run that is open or completed is healed, and one that
 * ended badly since then has another reason.
 * @param beforeReset done when it is sure that this run is taken up
 * @throws what Temporal throws when it is away
 */
export async function takeUpAgain(
  { workflow, options }: Pick<Client, 'workflow' | 'options'>,
  { workflowId, attempted, reset }: ReplayItem & { readonly reset: NonNullable<ReplayItem['reset']> },
  { requestId, reason }: { readonly requestId: string; readonly reason: string },
  beforeReset: () => Promise<void>,
): Promise<Settled> {
  const newest = await knownRun(workflow, workflowId);
  if (newest === null) return refused('its run is forgotten by now: plan again, and a further run is started');
  const status = newest.status.name;
  if (newest.runId !== reset.runId) {
    // An attempt before this one asked for it, and died before it wrote that down.
    if (attempted) return { state: 'started', newRun: newest.runId, remark: null };
    return isBad(status)
      ? refused(`another run of it ended as ${status} since the plan was made: plan again`)
      : { state: 'healed', newRun: newest.runId, remark: `another run of it is ${status}` };
  }
  if (!isBad(status)) return { state: 'healed', newRun: null, remark: `its run is ${status}` };
  await beforeReset();
  const request: ResetRequest = {
    namespace: options.namespace,
    workflowExecution: { workflowId, runId: reset.runId },
    workflowTaskFinishEventId: reset.eventId as never,
    requestId,
    reason,
    // A cancellation that is given to the new run, too, would end it again.
    resetReapplyExcludeTypes: [ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_CANCEL_REQUEST],
  };
  const { runId } = await workflow.workflowService
    .resetWorkflowExecution({ ...request, postResetOperations: [belowTraffic(newest)] })
    .catch((thrown: unknown) => {
      // A server of before 1.30 cannot change the priority of a run, and says so before it does anything.
      if (grpcStatusOf(thrown) === 'INVALID_ARGUMENT') return workflow.workflowService.resetWorkflowExecution(request);
      throw thrown;
    });
  return { state: 'started', newRun: runId ?? null, remark: null };
}

/** The least priority, in its own outbox's turn as before: what is repaired waits for what people wait for. */
function belowTraffic({ raw }: WorkflowExecutionDescription): temporal.api.workflow.v1.IPostResetOperation {
  const fairnessKey = raw.workflowExecutionInfo?.priority?.fairnessKey ?? '';
  return {
    updateWorkflowOptions: {
      workflowExecutionOptions: { priority: { priorityKey: replayPriorityKey, fairnessKey } },
      updateMask: { paths: ['priority'] },
    },
  };
}

const refused = (remark: string): Settled => ({ state: 'refused', newRun: null, remark });

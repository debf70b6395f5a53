import { type WorkflowClient, type WorkflowExecutionDescription } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { oneLine, withType } from './errors';

const { WorkflowTaskFailedCause } = temporal.api.enums.v1;

/** Why a run stands still although a worker takes its workflow tasks. */
export type TaskFault =
  /** The history was written by other code than that of the worker. */
  | 'non-determinism'
  /** The code of the workflow throws what is not a failure of the workflow: a bug, or history of other code. */
  | 'code'
  /** A worker took the task and did not reply in time, again and again: it dies of it, or it has no time. */
  | 'timeout';

/** A workflow task that ends badly again and again. Temporal tries it without limit; the run does nothing until one succeeds. */
export interface FailingTask {
  /** The try that is under way or comes next; at least 2. */
  readonly attempt: number;
  readonly fault: TaskFault;
  /** Of the first of these tries, whose failure is in the history. */
  readonly message: string;
  /** When that was; epoch milliseconds by Temporal's clock. */
  readonly sinceMs: number;
}

type Run = Pick<WorkflowExecutionDescription, 'workflowId' | 'runId' | 'raw'>;

/** Tries that time out while a worker is replaced, or is short of time for a moment, are no fault yet. */
const timeoutsBefore = 2;
/** Newest events that are looked at: between the failure and now there is only what arrived from outside. */
const mostEvents = 100;

/**
 * Whether the workflow task of an open run fails, and why. Costs a request only where it does.
 * @throws what Temporal throws when it is away
 */
export async function failingTask(
  workflows: Pick<WorkflowClient, 'workflowService' | 'options'>,
  { workflowId, runId, raw }: Run,
): Promise<FailingTask | null> {
  const attempt = raw.pendingWorkflowTask?.attempt ?? 1;
  if (attempt < 2) return null;
  const { history } = await workflows.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: workflows.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: mostEvents,
  });
  return failingTaskAmong(history?.events ?? [], attempt);
}

/** @param newestFirst events of the history */
export function failingTaskAmong(
  newestFirst: readonly temporal.api.history.v1.HistoryEvent.$Properties[],
  attempt: number,
): FailingTask | null {
  for (const event of newestFirst) {
    const { workflowTaskFailedEventAttributes: failed, workflowTaskTimedOutEventAttributes: timedOut } = event;
    const sinceMs = Number(event.eventTime?.seconds ?? 0) * 1_000 + Math.floor((event.eventTime?.nanos ?? 0) / 1e6);
    if (failed != null) return { attempt, sinceMs, ...faultOf(failed) };
    if (timedOut != null)
      return attempt - 1 < timeoutsBefore
        ? null
        : { attempt, sinceMs, fault: 'timeout', message: 'a worker took the task and did not reply in time' };
    // The last task that ended went well.
    if (event.workflowTaskCompletedEventAttributes != null) return null;
  }
  return null;
}

function faultOf({
  cause,
  failure,
}: temporal.api.history.v1.WorkflowTaskFailedEventAttributes.$Properties): Pick<FailingTask, 'fault' | 'message'> {
  const text = oneLine(failure?.message || 'no reason was given');
  const [type, place] = typeAndPlace(failure?.stackTrace ?? '');
  const message = `${withType(failure?.applicationFailureInfo?.type ?? type, text)}${place === undefined ? '' : ` (at ${place})`}`;
  // A bare type error in the middle of a replay is named as what it is: the code throws.
  const isOtherCode =
    cause === WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR ||
    /TMPRL1100|nondeterminism/i.test(message);
  return { fault: isOtherCode ? 'non-determinism' : 'code', message };
}

/** Of what code throws the SDK reports the type in the stack alone: `TypeError`, `pagesOf (fan-out-feeds.ts:8:19)`, without folders of the build. */
function typeAndPlace(stack: string): readonly [type: string | undefined, place: string | undefined] {
  const [, type, place] = /^(\w*Error): .*\n\s+at (.+)$/m.exec(stack) ?? [];
  return [type, place?.replace(/[^\s(]*[/\\]/, '')];
}

/** What a person is to do; docs/runbook.md says more. */
export const taskFaultCure: Readonly<Record<TaskFault, string>> = {
  'non-determinism':
    'the history was written by other code: deploy the version before, or make the change with patched(); the run goes on by itself then',
  code: 'the code of the workflow throws, often on a history that other code wrote: deploy the version before, or repair it; the run goes on by itself then',
  timeout: 'look at the workers: they die of this task, or have no time for it',
};

/** The same of an activity whose code throws what no failure code names. */
export const throwingCure =
  'the code of the activity throws: deploy the version before, or repair it; the runs go on by themselves then';

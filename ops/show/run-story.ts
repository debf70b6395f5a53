import { type WorkflowClient, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { memoNames } from '../../contracts/memo';
import { outboxOf } from '../../contracts/outbox-name';
import { startedFor } from '../../contracts/run-owner';
import { oneLine } from '../../runtime/errors';
import { type FailingTask, failingTask } from '../../runtime/failing-task';
import { toPendingActivity } from '../../runtime/pending-activity';
import { lookAtQueues } from '../../runtime/task-queues';
import { changedOptions } from './changed-options';
import { type RunEnd, endOfRun } from './run-end';

export interface PendingLine {
  readonly activity: string;
  readonly activityId: string;
  /** Null: the server does not say. */
  readonly queue: string | null;
  readonly attempt: number;
  /** A worker has it now, since then; RFC 3339. */
  readonly runsSince: string | null;
  /** When the next attempt is due, or since when it waits for a worker; RFC 3339. */
  readonly due: string | null;
  readonly lastFailure: string | null;
  /** RFC 3339. Null: it is not paused. */
  readonly paused: { readonly by: string; readonly reason: string | null; readonly since: string | null } | null;
  /** What a person has changed of its options since it was scheduled: `retry maximum interval 36000 s, was 30 s`. */
  readonly changed: readonly string[];
}

/** What Temporal knows of the newest run of an event. */
export interface RunStory {
  readonly status: string;
  readonly type: string;
  readonly runId: string;
  readonly taskQueue: string;
  /** RFC 3339. */
  readonly since: string;
  readonly historyLength: number;
  /** What it waits for now; nothing when it has ended. */
  readonly pending: readonly PendingLine[];
  /** Its workflow task ends badly again and again: it does nothing. */
  readonly failingTask: FailingTask | null;
  /** Task queues that it waits for, and that no worker takes tasks from. */
  readonly queuesWithoutWorkers: readonly string[];
  /** Null: it is open. */
  readonly end: RunEnd | null;
  /** Effects that it says it left undone, when it was cancelled. */
  readonly notDone: readonly string[];
  /** Why it ignored signals, the first of each reason. */
  readonly ignoredSignals: readonly string[];
}

export interface FoundRun {
  /** Null: Temporal knows no run of this id, or could not be asked. */
  readonly workflow: RunStory | null;
  /** Why Temporal could not be asked; null: it was. */
  readonly temporalFailed: string | null;
  /** The outbox that the run was started for, where it says that. */
  readonly runsOutbox: string | null;
}

/**
 * Without Temporal the rest of the story is worth reading all the same.
 * @param nowMs epoch milliseconds by a clock that agrees with Temporal's
 */
export async function runStory(workflows: WorkflowClient, id: string, nowMs: number): Promise<FoundRun> {
  try {
    const run = await workflows.getHandle(id).describe();
    const owner = startedFor(run.memo);
    const workflow = await storyOf(workflows, run, nowMs);
    return { workflow, temporalFailed: null, runsOutbox: owner === null ? null : outboxOf(owner) };
  } catch (thrown) {
    const temporalFailed = thrown instanceof WorkflowNotFoundError ? null : oneLine(thrown);
    return { workflow: null, temporalFailed, runsOutbox: null };
  }
}

async function storyOf(workflows: WorkflowClient, run: WorkflowExecutionDescription, nowMs: number): Promise<RunStory> {
  const isOpen = run.status.name === 'RUNNING';
  // Temporal keeps the pending activities of a run that was terminated: it waits for nothing any more.
  const pending = isOpen ? await pendingOf(workflows, run) : [];
  return {
    status: run.status.name,
    type: run.type,
    runId: run.runId,
    taskQueue: run.taskQueue,
    since: run.startTime.toISOString(),
    historyLength: run.historyLength,
    pending,
    failingTask: isOpen ? await failingTask(workflows, run) : null,
    queuesWithoutWorkers: isOpen ? await queuesWithoutWorkers(workflows, run, pending, nowMs) : [],
    end: await endOfRun(workflows, run),
    notDone: texts(run.memo?.[memoNames.notDone]),
    ignoredSignals: texts(run.memo?.[memoNames.ignoredSignals]),
  };
}

async function pendingOf(workflows: WorkflowClient, run: WorkflowExecutionDescription): Promise<PendingLine[]> {
  const activities = run.raw.pendingActivities ?? [];
  const changed = await changedOptions(workflows, run.workflowId, activities);
  return activities
    .map(toPendingActivity)
    .map(({ id, name, queue, attempt, message, startedMs, nextAttemptMs, pause }) => ({
      ...{ activity: name, activityId: id, queue, attempt, lastFailure: message },
      runsSince: dateText(startedMs),
      due: dateText(nextAttemptMs),
      paused: pause === null ? null : { by: pause.by, reason: pause.reason, since: dateText(pause.sinceMs) },
      changed: changed.get(id) ?? [],
    }));
}

/** Of the queues that the run waits for now: those of its activities that no worker has begun, and its own. */
async function queuesWithoutWorkers(
  workflows: WorkflowClient,
  { taskQueue, raw }: WorkflowExecutionDescription,
  pending: readonly PendingLine[],
  nowMs: number,
): Promise<string[]> {
  const activity = pending.flatMap(({ queue, runsSince, paused }) =>
    queue === null || runsSince !== null || paused !== null ? [] : [queue],
  );
  const workflow = raw.pendingWorkflowTask == null ? [] : [taskQueue];
  const asked = [
    ...[...new Set(activity)].map((queue) => ({ queue, kind: 'activity' as const })),
    ...workflow.map((queue) => ({ queue, kind: 'workflow' as const })),
  ];
  if (asked.length === 0) return [];
  const looks = await lookAtQueues(workflows.connection, { namespace: workflows.options.namespace, asked, nowMs });
  return [...new Set(looks.flatMap(({ queue, served }) => (served ? [] : [queue])))];
}

const dateText = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function texts(memo: unknown): string[] {
  return Array.isArray(memo) ? memo.map(String) : [];
}

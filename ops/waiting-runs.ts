import { type WorkflowClient } from '@temporalio/client';
import { toPendingActivity } from '../activities/audit/temporal-pending-activity';
import { failures } from '../contracts/failures';
import { oneLine } from '../runtime/errors';
import { reasonCode } from '../runtime/metrics-server';
import { taskQueuesOf } from '../runtime/task-queues';

/** Runs that are looked at: each costs Temporal a request. */
const mostRuns = 100;
/** What has just begun waits for nothing worth a look. */
const youngMs = 5_000;
const callMs = 5_000;

/** What open runs wait for: an activity that failed and is tried again. */
export interface WaitingFor {
  readonly activity: string;
  readonly runs: number;
  /** Of the run that has tried most. */
  readonly attempt: number;
  /** Since the start of the oldest of these runs, seconds. */
  readonly oldestSeconds: number;
  /** Of the run that has tried most; begins with its code. */
  readonly lastFailure: string;
  /** That failure is the outage of a dependency. */
  readonly outage: boolean;
}

export interface WaitingRuns {
  /** Open runs that are older than five seconds. */
  readonly open: number;
  /** Of these, how many were looked at. */
  readonly lookedAt: number;
  readonly waitFor: readonly WaitingFor[];
}

/** The activities that put notices into inboxes: while one of them is tried again, in-app deliveries wait. */
export const inboxActivities = ['notifyInApp', 'notifyPages'];

/**
 * What the open runs of events wait for now. Looks at no more than a hundred of them.
 * @throws what Temporal throws when it is away
 */
export async function waitingRuns(workflows: WorkflowClient, taskQueuePrefix: string): Promise<WaitingRuns> {
  const nowMs = Date.now();
  const queues = taskQueuesOf(taskQueuePrefix).map((queue) => JSON.stringify(queue));
  const query = `ExecutionStatus = 'Running' AND EventType IS NOT NULL AND TaskQueue IN (${queues.join(', ')}) AND StartTime < '${new Date(nowMs - youngMs).toISOString()}'`;
  return workflows.withDeadline(nowMs + callMs, async () => {
    const { count } = await workflows.count(query);
    const ids: string[] = [];
    if (count > 0)
      for await (const { workflowId } of workflows.list({ query, pageSize: mostRuns })) {
        ids.push(workflowId);
        if (ids.length === mostRuns) break;
      }
    // One that has ended meanwhile waits for nothing.
    const runs = await Promise.all(ids.map((id) => retriesOf(workflows, id).catch(() => [])));
    return { open: count, lookedAt: ids.length, waitFor: byActivity(runs.flat(), nowMs) };
  });
}

interface Retry {
  readonly activity: string;
  readonly attempt: number;
  readonly failure: string;
  readonly startedAtMs: number;
}

async function retriesOf(workflows: WorkflowClient, id: string): Promise<Retry[]> {
  const { raw, startTime } = await workflows.getHandle(id).describe();
  return (raw.pendingActivities ?? [])
    .map(toPendingActivity)
    .flatMap(({ name, attempt, message }) =>
      message === null
        ? []
        : [{ activity: name, attempt, failure: oneLine(message, 200), startedAtMs: startTime.getTime() }],
    );
}

function byActivity(retries: readonly Retry[], nowMs: number): WaitingFor[] {
  return [...new Set(retries.map(({ activity }) => activity))].sort().map((activity) => {
    const its = retries.filter((retry) => retry.activity === activity);
    const most = its.reduce((a, b) => (b.attempt > a.attempt ? b : a));
    const code = reasonCode(most.failure);
    return {
      ...{ activity, runs: its.length, attempt: most.attempt, lastFailure: most.failure },
      oldestSeconds: Math.max(...its.map(({ startedAtMs }) => nowMs - startedAtMs)) / 1_000,
      outage: code in failures && failures[code as keyof typeof failures].cause === 'outage',
    };
  });
}

import { type WorkflowClient } from '@temporalio/client';
import { failures } from '../contracts/failures';
import { oneLine } from '../runtime/errors';
import { reasonCode } from '../runtime/metrics-server';
import { toPendingActivity } from '../runtime/pending-activity';
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
  readonly inboxes: WaitingInboxes;
}

/** Runs whose notices are not all in the inboxes: the activity failed, or no worker has begun it. */
export interface WaitingInboxes {
  readonly runs: number;
  /** Since the start of the oldest of these runs, seconds; 0: there is none. */
  readonly oldestSeconds: number;
}

const inboxActivities = ['notifyInApp', 'notifyPages'];

/** Whether an activity puts notices into inboxes: while it is tried again, in-app deliveries wait. */
export const fillsInboxes = (activity: string): boolean => inboxActivities.includes(activity);

/**
 * What the open runs of events wait for now. Looks at no more than a hundred of them.
 * @param nowMs epoch milliseconds by a clock that agrees with Temporal's
 * @throws what Temporal throws when it is away
 */
export async function waitingRuns(
  workflows: WorkflowClient,
  taskQueuePrefix: string,
  nowMs = Date.now(),
): Promise<WaitingRuns> {
  const queues = taskQueuesOf(taskQueuePrefix).map((queue) => JSON.stringify(queue));
  const query = `ExecutionStatus = 'Running' AND EventType IS NOT NULL AND TaskQueue IN (${queues.join(', ')}) AND StartTime < '${new Date(nowMs - youngMs).toISOString()}'`;
  return workflows.withDeadline(Date.now() + callMs, async () => {
    const { count } = await workflows.count(query);
    const ids: string[] = [];
    if (count > 0)
      for await (const { workflowId } of workflows.list({ query, pageSize: mostRuns })) {
        ids.push(workflowId);
        if (ids.length === mostRuns) break;
      }
    // One that has ended meanwhile waits for nothing.
    const runs = await Promise.all(ids.map((id) => waitsOf(workflows, id).catch(() => [])));
    const waits = runs.flat();
    return {
      ...{ open: count, lookedAt: ids.length, inboxes: inboxesAmong(waits, nowMs) },
      waitFor: byActivity(
        waits.flatMap((wait) => (wait.failure === null ? [] : [{ ...wait, failure: wait.failure }])),
        nowMs,
      ),
    };
  });
}

/** An activity of an open run that is not in its first attempt. */
interface Wait {
  readonly activity: string;
  readonly attempt: number;
  /** Null: no worker has begun it. */
  readonly failure: string | null;
  /** The start of the run. */
  readonly startedAtMs: number;
}
type Retry = Wait & { readonly failure: string };

async function waitsOf(workflows: WorkflowClient, id: string): Promise<Wait[]> {
  const { raw, startTime } = await workflows.getHandle(id).describe();
  return (raw.pendingActivities ?? [])
    .map(toPendingActivity)
    .filter(({ message, startedMs }) => message !== null || startedMs === null)
    .map(({ name, attempt, message }) => ({
      ...{ activity: name, attempt, startedAtMs: startTime.getTime() },
      failure: message === null ? null : oneLine(message, 200),
    }));
}

function inboxesAmong(waits: readonly Wait[], nowMs: number): WaitingInboxes {
  const its = waits.filter(({ activity }) => fillsInboxes(activity));
  return { runs: its.length, oldestSeconds: oldestOf(its, nowMs) };
}

/** Seconds; 0: there is none. */
const oldestOf = (waits: readonly Wait[], nowMs: number): number =>
  Math.max(0, ...waits.map(({ startedAtMs }) => nowMs - startedAtMs)) / 1_000;

function byActivity(retries: readonly Retry[], nowMs: number): WaitingFor[] {
  return [...new Set(retries.map(({ activity }) => activity))].sort().map((activity) => {
    const its = retries.filter((retry) => retry.activity === activity);
    const most = its.reduce((a, b) => (b.attempt > a.attempt ? b : a));
    const code = reasonCode(most.failure);
    return {
      ...{ activity, runs: its.length, attempt: most.attempt, lastFailure: most.failure },
      oldestSeconds: oldestOf(its, nowMs),
      outage: code in failures && failures[code as keyof typeof failures].cause === 'outage',
    };
  });
}

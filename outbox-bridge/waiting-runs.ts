import { type WorkflowClient } from '@temporalio/client';
import { failures } from '../contracts/failures';
import { oneLine } from '../runtime/errors';
import { type FailingTask, type TaskFault, failingTask } from '../runtime/failing-task';
import { groupBy } from '../runtime/group-by';
import { reasonCode } from '../runtime/metrics-server';
import { toPendingActivity } from '../runtime/pending-activity';
import { onTaskQueuesOf } from '../runtime/task-queues';

/** Runs that are looked at: each costs Temporal a request. */
const mostRuns = 100;
/** What has just begun waits for nothing worth a look. */
const youngMs = 5_000;
/** Most runs have ended by then. */
const longMs = 60_000;
const callMs = 5_000;

/** A single failure without a code may be a glitch. */
const thrownTries = 3;

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
  /** Runs in which its code threw what no failure code names, at least three times: most likely a bug. */
  readonly throwing: number;
  /** The run that has tried most. */
  readonly workflowId: string;
}

export interface WaitingRuns {
  /** Open runs that are older than five seconds. */
  readonly open: number;
  /** Of these, how many were looked at. */
  readonly lookedAt: number;
  readonly waitFor: readonly WaitingFor[];
  readonly inboxes: WaitingInboxes;
  readonly standStill: readonly StandStill[];
}

/** Open runs of one workflow type that do nothing, because their workflow tasks fail again and again. */
export interface StandStill {
  readonly workflowType: string;
  readonly fault: TaskFault;
  readonly runs: number;
  /** Of the run that has tried most. */
  readonly attempt: number;
  /** Since the first failure of the one that has stood longest, seconds. */
  readonly oldestSeconds: number;
  /** Of the run that has tried most. */
  readonly lastFailure: string;
  /** That run. */
  readonly workflowId: string;
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
  const query = `ExecutionStatus = 'Running' AND EventType IS NOT NULL AND ${onTaskQueuesOf(taskQueuePrefix)} AND StartTime < '${new Date(nowMs - youngMs).toISOString()}'`;
  return workflows.withDeadline(Date.now() + callMs, async () => {
    const { count } = await workflows.count(query);
    const ids = count === 0 ? [] : await sampleOf(workflows, query, nowMs);
    // One that has ended meanwhile waits for nothing.
    const runs = await Promise.all(ids.map((id) => lookAtRun(workflows, id).catch(() => ({ waits: [], failing: [] }))));
    const waits = runs.flatMap((run) => run.waits);
    return {
      ...{ open: count, lookedAt: ids.length, inboxes: inboxesAmong(waits, nowMs) },
      standStill: byTypeAndFault(
        runs.flatMap(({ failing }) => failing),
        nowMs,
      ),
      waitFor: byActivity(
        waits.flatMap((wait) => (wait.failure === null ? [] : [{ ...wait, failure: wait.failure }])),
        nowMs,
      ),
    };
  });
}

/** The newest, and half as many that are open for longer than most: behind a backlog the newest alone would hide what is stuck. */
async function sampleOf(workflows: WorkflowClient, query: string, nowMs: number): Promise<string[]> {
  const newest = async (where: string, most: number): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { workflowId } of workflows.list({ query: where, pageSize: most })) {
      ids.push(workflowId);
      if (ids.length === most) break;
    }
    return ids;
  };
  const long = await newest(`${query} AND StartTime < '${new Date(nowMs - longMs).toISOString()}'`, mostRuns / 2);
  return [...new Set([...long, ...(await newest(query, mostRuns))])].slice(0, mostRuns);
}

/** An activity of an open run that is not in its first attempt. */
interface Wait {
  readonly workflowId: string;
  readonly activity: string;
  readonly attempt: number;
  /** Null: no worker has begun it. */
  readonly failure: string | null;
  /** The failure has no code of ours and is no timeout. */
  readonly thrown: boolean;
  /** The start of the run. */
  readonly startedAtMs: number;
}
type Retry = Wait & { readonly failure: string };

/** A run whose workflow task fails. */
interface Failing extends FailingTask {
  readonly workflowId: string;
  readonly workflowType: string;
}

async function lookAtRun(
  workflows: WorkflowClient,
  id: string,
): Promise<{ readonly waits: readonly Wait[]; readonly failing: readonly Failing[] }> {
  const run = await workflows.getHandle(id).describe();
  const waits = (run.raw.pendingActivities ?? [])
    .map(toPendingActivity)
    .filter(({ message, startedMs }) => message !== null || startedMs === null)
    .map(({ name, attempt, message, failure: type }) => ({
      ...{ workflowId: id, activity: name, attempt, startedAtMs: run.startTime.getTime() },
      thrown: type !== null && type !== 'timeout' && !(type in failures),
      failure: message === null ? null : oneLine(message, 200),
    }));
  const task = await failingTask(workflows, run);
  return { waits, failing: task === null ? [] : [{ ...task, workflowId: id, workflowType: run.type }] };
}

function byTypeAndFault(failing: readonly Failing[], nowMs: number): StandStill[] {
  return [...groupBy(failing, ({ workflowType, fault }) => `${workflowType} ${fault}`).values()]
    .map((its): StandStill => {
      const most = its.reduce((a, b) => (b.attempt > a.attempt ? b : a));
      const { workflowType, fault, attempt, workflowId, message } = most;
      const oldestSeconds = Math.max(0, ...its.map(({ sinceMs }) => nowMs - sinceMs)) / 1_000;
      return { workflowType, fault, runs: its.length, attempt, oldestSeconds, lastFailure: message, workflowId };
    })
    .sort((a, b) => a.workflowType.localeCompare(b.workflowType));
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
      ...{ oldestSeconds: oldestOf(its, nowMs), workflowId: most.workflowId },
      throwing: its.filter(({ thrown, attempt }) => thrown && attempt >= thrownTries).length,
      outage: code in failures && failures[code as keyof typeof failures].cause === 'outage',
    };
  });
}

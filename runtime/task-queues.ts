import { type ConnectionLike } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { maintenanceQueue } from '../contracts/maintenance';
import { queueNames, taskQueue } from '../contracts/workflow-types';

const { TaskQueueType, WorkerStatus } = temporal.api.enums.v1;

/**
 * A living poller is seen at least once a minute, the length of a long poll. Temporal lists it for five minutes after that,
 * whether it lives or not.
 */
export const pollerFreshMs = 130_000;
const listedForMs = 300_000;
/** A task may wait this long although a worker takes tasks: less is no sign of anything. */
const passingMs = 5_000;
const callMs = 3_000;

export const taskKinds = ['workflow', 'activity'] as const;
export type TaskKind = (typeof taskKinds)[number];

type Asked = Pick<ConnectionLike, 'workflowService' | 'withDeadline'>;

interface QueueAndKind {
  /** `nova-feed` */
  readonly queue: string;
  readonly kind: TaskKind;
}

/** The tasks of one kind on one queue, and who takes them. */
export interface TaskQueueLook extends QueueAndKind {
  /** Workers, by their identity, that asked for a task lately and have not said that they stop. */
  readonly workers: number;
  /** Tasks that wait, about; those of workflows that a worker has in its memory are not among them. */
  readonly waiting: number;
  /** How long the first of them has waited, seconds. */
  readonly oldestSeconds: number;
  /**
   * A worker takes them. False for activities also means: there are workers, but all their slots are busy, so that none asks.
   */
  readonly served: boolean;
}

/** A poller as the server lists it; `lastAccessMs` is by the server's clock. */
export interface SeenPoller {
  readonly identity: string;
  readonly lastAccessMs: number;
}

/** What Temporal says of a queue; times in epoch milliseconds of its clock. */
export interface SeenQueue {
  readonly queue: string;
  readonly kind: TaskKind;
  readonly pollers: readonly SeenPoller[];
  readonly waiting: number;
  readonly oldestMs: number;
}

/** Every task queue of a deployment: those of events, and the one of chores. */
export const taskQueuesOf = (prefix: string): string[] => [
  ...queueNames.map((queue) => taskQueue(prefix, queue)),
  maintenanceQueue(prefix),
];

/** Of a visibility query: the runs of this deployment, those of its chores included. */
export const onTaskQueuesOf = (prefix: string): string =>
  `TaskQueue IN (${taskQueuesOf(prefix)
    .map((queue) => JSON.stringify(queue))
    .join(', ')})`;

/** What else is known of workers: which have died, and when (runtime/worker-processes.ts). Null: nothing. */
type Gone = ReadonlyMap<string, number> | null;

/**
 * One look at every task queue of the deployment.
 *
 * @param gone workers that have died, as `goneWorkers` says: Temporal lists them for minutes
 * @param nowMs epoch milliseconds by a clock that agrees with Temporal's: PostgreSQL's, not that of a person's machine
 * @throws what Temporal throws when it is away
 */
export async function lookAtTaskQueues(
  connection: Asked,
  of: { namespace: string; taskQueuePrefix: string; nowMs: number },
  gone: Gone = null,
): Promise<TaskQueueLook[]> {
  const { namespace, taskQueuePrefix, nowMs } = of;
  const asked = taskQueuesOf(taskQueuePrefix).flatMap((queue) => taskKinds.map((kind) => ({ queue, kind })));
  return lookAtQueues(connection, { namespace, asked, nowMs }, gone);
}

/** The same for the queues and kinds that are asked for. */
export async function lookAtQueues(
  connection: Asked,
  { namespace, asked, nowMs }: { namespace: string; asked: readonly QueueAndKind[]; nowMs: number },
  gone: Gone = null,
): Promise<TaskQueueLook[]> {
  return connection.withDeadline(Date.now() + callMs, async () => {
    const [stopped, ...looks] = await Promise.allSettled([
      stoppedWorkers(connection, namespace),
      ...asked.map(({ queue, kind }) => describe(connection, namespace, queue, kind)),
    ]);
    // Not before all have ended: a connection that is closed beneath a call which is tried again ends the process.
    const seen = looks.map((look) => {
      if (look.status === 'rejected') throw look.reason;
      return look.value;
    });
    const ended = stopped.status === 'fulfilled' ? stopped.value : new Map<string, number>();
    for (const [key, ms] of gone ?? []) ended.set(key, Math.max(ended.get(key) ?? 0, ms));
    return judge(seen, ended, nowMs);
  });
}

/**
 * Who takes tasks. A queue is not served when no worker is listed, when all listed ones have said that they stop, when none asked
 * for longer than a long poll lasts, or when a task has waited for longer than it is since any of them asked. The last shows
 * killed workers seconds after the first task that they do not take.
 *
 * @param stopped workers that have said so: `queue` and identity → when, epoch milliseconds of their own clock
 */
export function judge(
  seen: readonly SeenQueue[],
  stopped: ReadonlyMap<string, number>,
  nowMs: number,
): TaskQueueLook[] {
  const newest = Math.max(...seen.flatMap(({ pollers }) => pollers.map(({ lastAccessMs }) => lastAccessMs)));
  // Beyond five minutes no poller is listed: then the clocks differ, and the newest sign of life is what is known of Temporal's.
  const now = nowMs >= newest && nowMs - newest < listedForMs ? nowMs : newest;
  return seen.map(({ queue, kind, pollers, waiting, oldestMs }) => {
    const living = pollers.filter(
      ({ identity, lastAccessMs }) =>
        now - lastAccessMs < pollerFreshMs &&
        lastAccessMs > (stopped.get(queueAndWorker(queue, identity)) ?? -Infinity),
    );
    const silentMs = now - Math.max(...living.map(({ lastAccessMs }) => lastAccessMs));
    const isLeft = oldestMs > passingMs && silentMs > oldestMs;
    return {
      ...{ queue, kind, workers: new Set(living.map(({ identity }) => identity)).size, waiting },
      oldestSeconds: oldestMs / 1_000,
      served: living.length > 0 && !isLeft,
    };
  });
}

/** Names a worker of a queue in the maps of those that have stopped or are gone. */
export const queueAndWorker = (queue: string, identity: string): string => `${queue}\n${identity}`;

async function describe(
  { workflowService }: Asked,
  namespace: string,
  queue: string,
  kind: TaskKind,
): Promise<SeenQueue> {
  const { pollers, stats } = await workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType:
      kind === 'workflow' ? TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW : TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    reportStats: true,
  });
  return {
    queue,
    kind,
    pollers: seenPollers(pollers),
    waiting: Number(stats?.approximateBacklogCount ?? 0),
    oldestMs: millis(stats?.approximateBacklogAge),
  };
}

/** The pollers in a description of a task queue. */
export function seenPollers(
  pollers: readonly temporal.api.taskqueue.v1.IPollerInfo[] | null | undefined,
): SeenPoller[] {
  return (pollers ?? []).map(({ identity, lastAccessTime }) => ({
    identity: identity ?? '',
    lastAccessMs: millis(lastAccessTime),
  }));
}

/** Workers report that they stop; Temporal goes on listing their pollers. Servers before 1.30 do not know. */
async function stoppedWorkers({ workflowService }: Asked, namespace: string): Promise<Map<string, number>> {
  const listed = await workflowService.listWorkers({ namespace, pageSize: 1_000 });
  const stopped = new Map<string, number>();
  const running = new Set<string>();
  for (const { workerHeartbeat } of listed.workersInfo ?? []) {
    const key = queueAndWorker(workerHeartbeat?.taskQueue ?? '', workerHeartbeat?.workerIdentity ?? '');
    if (workerHeartbeat?.status === WorkerStatus.WORKER_STATUS_RUNNING) running.add(key);
    else stopped.set(key, Math.max(stopped.get(key) ?? 0, millis(workerHeartbeat?.heartbeatTime)));
  }
  for (const key of running) stopped.delete(key);
  return stopped;
}

function millis(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;
}

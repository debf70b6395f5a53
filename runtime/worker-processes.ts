import { type Pool } from 'pg';
import { queueAndWorker } from './task-queues';

/** How often a worker process says that it lives. */
export const workerBeatMs = 3_000;
/** One that has not said so for longer is taken for gone: several reports, and a slow database. */
const workerGoneSeconds = 15;

/** Also deletes what processes left that were killed long ago. $1 instance, $2 task queues */
export const reportWorker = `
  WITH gone AS (DELETE FROM nova.worker_processes WHERE heartbeat_at < clock_timestamp() - interval '1 hour')
  INSERT INTO nova.worker_processes (instance_id, task_queues) VALUES ($1, $2)
  ON CONFLICT (instance_id) DO UPDATE SET task_queues = excluded.task_queues, heartbeat_at = clock_timestamp()`;

export const removeWorker = `DELETE FROM nova.worker_processes WHERE instance_id = $1`;

const all = `
  SELECT instance_id AS instance, task_queues AS "taskQueues", heartbeat_at AS "seenAt",
    extract(epoch FROM clock_timestamp() - heartbeat_at)::float8 AS "seenSecondsAgo"
  FROM nova.worker_processes ORDER BY instance_id`;

export interface WorkerProcess {
  /** Its identity in Temporal. */
  readonly instance: string;
  readonly taskQueues: readonly string[];
  readonly seenAt: Date;
  readonly seenSecondsAgo: number;
}

/** Worker processes that live, and those that were killed within the last hour. */
export async function workerProcesses(state: Pool): Promise<WorkerProcess[]> {
  return (await state.query<WorkerProcess>(all)).rows;
}

export const livingWorker = ({ seenSecondsAgo }: WorkerProcess): boolean => seenSecondsAgo < workerGoneSeconds;

/** How many processes take tasks from this queue. */
export const livingWorkersOf = (queue: string, processes: readonly WorkerProcess[]): number =>
  processes.filter((one) => one.taskQueues.includes(queue) && livingWorker(one)).length;

/**
 * When the processes that are gone were seen last, for `lookAtTaskQueues`: a poller of theirs that Temporal still lists takes no task. A
 * later poll of the same name is of a new process.
 */
export function goneWorkers(processes: readonly WorkerProcess[]): Map<string, number> {
  return new Map(
    processes
      .filter((one) => !livingWorker(one))
      .flatMap(({ instance, taskQueues, seenAt }) =>
        taskQueues.map((queue) => [queueAndWorker(queue, instance), seenAt.getTime() + 2 * workerBeatMs] as const),
      ),
  );
}

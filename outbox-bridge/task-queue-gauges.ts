import { type Connection } from '@temporalio/client';
import { type Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { databaseNowMs } from '../runtime/postgres';
import { type TaskQueueLook, lookAtTaskQueues } from '../runtime/task-queues';
import { goneWorkers, workerProcesses } from '../runtime/worker-processes';

/** What Temporal says of the task queues, as metrics. */
export function createTaskQueueGauges(registry: Registry) {
  const registers = [registry];
  const labelNames = ['task_queue', 'kind'] as const;
  return {
    unserved: new Gauge({
      name: 'nova_task_queue_unserved',
      help: '1 while no worker takes the tasks of this kind (workflow, activity); of activities also while all slots are busy.',
      ...{ labelNames, registers },
    }),
    waiting: new Gauge({
      name: 'nova_task_queue_waiting_tasks',
      help: 'Tasks that wait for a worker, about.',
      ...{ labelNames, registers },
    }),
    oldest: new Gauge({
      name: 'nova_task_queue_oldest_waiting_seconds',
      help: 'How long the first of them has waited.',
      ...{ labelNames, registers },
    }),
  };
}

type TaskQueueGauges = ReturnType<typeof createTaskQueueGauges>;

/** One look. While Temporal is away there are no figures: the last ones would be taken for those of now. */
export async function readTaskQueueGauges(
  pool: Pool,
  connection: Connection,
  { temporalNamespace: namespace, taskQueuePrefix }: { temporalNamespace: string; taskQueuePrefix: string },
  gauges: TaskQueueGauges,
): Promise<void> {
  try {
    const nowMs = await databaseNowMs(pool);
    const gone = goneWorkers(await workerProcesses(pool));
    show(await lookAtTaskQueues(connection, { namespace, taskQueuePrefix, nowMs }, gone), gauges);
  } catch (thrown) {
    for (const gauge of Object.values(gauges)) gauge.reset();
    throw thrown;
  }
}

function show(looks: readonly TaskQueueLook[], gauges: TaskQueueGauges): void {
  for (const { queue, kind, served, waiting, oldestSeconds } of looks) {
    const labels = { task_queue: queue, kind };
    gauges.unserved.set(labels, served ? 0 : 1);
    gauges.waiting.set(labels, waiting);
    gauges.oldest.set(labels, oldestSeconds);
  }
}

import { type Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { taskQueuesOf } from '../runtime/task-queues';
import { livingWorkersOf, workerProcesses } from '../runtime/worker-processes';

/** Which workers live, by what they say of themselves. */
export function createWorkerGauge(registry: Registry) {
  return new Gauge({
    name: 'nova_task_queue_workers',
    help: 'Worker processes that take tasks from the queue: they have said so within 15 seconds.',
    labelNames: ['task_queue'] as const,
    registers: [registry],
  });
}

/** One look. While State is away there are no figures: the last ones would be taken for those of now. */
export async function readWorkerGauge(
  state: Pool,
  taskQueuePrefix: string,
  gauge: ReturnType<typeof createWorkerGauge>,
): Promise<void> {
  try {
    const processes = await workerProcesses(state);
    for (const queue of taskQueuesOf(taskQueuePrefix))
      gauge.set({ task_queue: queue }, livingWorkersOf(queue, processes));
  } catch (thrown) {
    gauge.reset();
    throw thrown;
  }
}

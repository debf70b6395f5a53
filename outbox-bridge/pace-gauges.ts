import { Gauge, type Registry } from 'prom-client';
import { taskQueue } from '../contracts/workflow-types';
import { type StartPaces } from './start-paces';

/** What a process starts on each task queue at most, and why; asked at each scrape. */
export function createPaceGauges(
  registry: Registry,
  paces: Pick<StartPaces, 'known'> = { known: () => [] },
  taskQueuePrefix = 'nova',
) {
  const registers = [registry];
  const labelNames = ['task_queue'] as const;
  const wait = new Gauge({
    name: 'nova_bridge_start_wait_seconds',
    help: 'How long started workflows waited for a worker lately, beyond the least, as workers say; none: no worker says anything.',
    labelNames,
    registers,
  });
  const pace = new Gauge({
    name: 'nova_bridge_start_pace',
    help: 'Starts a second that this process makes on a task queue at most, Critical ones excepted (OUTBOX_START_WAIT_MS); none: no limit.',
    labelNames,
    registers,
    collect() {
      pace.reset();
      wait.reset();
      for (const { queue, perSecond, waitMs } of paces.known()) {
        const its = { task_queue: taskQueue(taskQueuePrefix, queue) };
        pace.set(its, perSecond);
        wait.set(its, waitMs / 1_000);
      }
    },
  });
  return { pace, wait };
}

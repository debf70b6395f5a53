import { type Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { failures } from '../contracts/failures';
import { type QueueName, queueNames, taskQueue } from '../contracts/workflow-types';
import { type Logger } from '../runtime/logger';
import { type SeenPoller, seenPollers } from '../runtime/task-queues';
import { typesOnQueue } from './pauses';
import { type PausesOfAll } from './pauses-of-all';
import { PollerLiveness } from './poller-liveness';

/**
 * Pauses the event types whose workflows would run on a queue that no worker polls, and resumes them when one does. A
 * start there would be accepted by Temporal and then sit unseen.
 */
export class PollerWatch {
  private readonly liveness = new PollerLiveness(() => performance.now());
  private unpolled: readonly QueueName[] = [];

  constructor(
    private readonly deps: {
      readonly connection: Connection;
      readonly namespace: string;
      readonly taskQueuePrefix: string;
      readonly pauses: PausesOfAll;
      readonly logger: Logger;
      readonly onResume: () => void;
    },
  ) {}

  /** Looks at every queue once; returns the milliseconds until the next look: soon while something is missing. */
  async look(): Promise<number> {
    const seen = await Promise.all(queueNames.map(async (queue) => [queue, await this.pollersOf(queue)] as const));
    const polled = this.liveness.observe(new Map<string, SeenPoller[]>(seen));
    this.unpolled = queueNames.filter((queue) => !polled.has(queue));
    for (const queue of queueNames) this.apply(queue, !polled.has(queue));
    return polled.size < queueNames.length ? 500 : 5_000;
  }

  /** One line when an outbox begins to be claimed. It does not read as if all was well while events wait for workers. */
  sayReady(logger: Logger): void {
    const { taskQueuePrefix } = this.deps;
    if (this.unpolled.length === 0) return logger.info('ready: rows are started');
    const queues = this.unpolled.map((queue) => taskQueue(taskQueuePrefix, queue));
    logger.warn(
      { code: 'NO_POLLER', task_queues: queues },
      `ready, but no worker polls ${queues.join(', ')} yet: events of these queues wait. ${failures.NO_POLLER.action}`,
    );
  }

  private async pollersOf(queue: QueueName): Promise<SeenPoller[]> {
    const { connection, namespace, taskQueuePrefix } = this.deps;
    const { pollers } = await connection.withDeadline(Date.now() + 5_000, () =>
      connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue(taskQueuePrefix, queue) },
        taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
      }),
    );
    return seenPollers(pollers);
  }

  private apply(queue: QueueName, missing: boolean): void {
    const { pauses, logger, taskQueuePrefix, onResume } = this.deps;
    const name = taskQueue(taskQueuePrefix, queue);
    const changed = typesOnQueue(queue).filter((type) =>
      missing ? pauses.pause(type, 'NO_POLLER', `no worker polls ${name}`, Infinity) : pauses.resume(type, 'NO_POLLER'),
    );
    if (changed.length === 0) return;
    if (missing)
      logger.error(
        { code: 'NO_POLLER', task_queue: name, event_types: changed },
        `event types paused: no worker polls their queue. ${failures.NO_POLLER.action}`,
      );
    else {
      logger.info({ task_queue: name, event_types: changed }, 'event types resumed: a worker polls their queue');
      onResume();
    }
  }
}

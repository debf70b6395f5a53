import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { type QueueName, taskQueue } from '../contracts/workflow-types';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { eventIdInLogs } from './event-id-in-logs';
import { type WorkerConfig } from './settings';
import { connectWorker } from './temporal';
import { workflowBundle } from './workflow-bundle';

/**
 * One Worker per task queue over one connection, each with slots of its own. All have every activity, since the local
 * first tries run where the workflow runs.
 *
 * `stop` takes no new tasks, lets running activities finish for `SHUTDOWN_GRACE_MS`, then cancels them; what is left
 * after ten seconds more is abandoned to its timeout, and Temporal gives it to another worker.
 */
export class WorkerGroup implements Service {
  readonly name = 'temporal-workers';
  /** Rejects when a worker ends though nobody stopped it. */
  readonly ended: Promise<never>;
  private fail: (error: unknown) => void = () => undefined;
  private connection: NativeConnection | undefined;
  private workers: Worker[] = [];
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly config: WorkerConfig,
    private readonly activities: object,
    private readonly logger: Logger,
  ) {
    this.ended = new Promise((_, reject) => (this.fail = reject));
    this.ended.catch(() => undefined);
  }

  async start(): Promise<void> {
    const { config, logger } = this;
    const bundle = await workflowBundle(config.workflowBundle, logger);
    const connection = await connectWorker(config);
    this.connection = connection;
    this.workers = await Promise.all(
      config.workerQueues.map((queue) => {
        const options = workerOptions(config, queue);
        return Worker.create({ ...options, connection, workflowBundle: bundle, activities: this.activities });
      }),
    );
    const runs = this.workers.map((worker) => worker.run());
    for (const run of runs) run.catch(this.fail);
    this.running = Promise.allSettled(runs);
    logger.info({ queues: config.workerQueues.map((queue) => taskQueue(config.taskQueuePrefix, queue)) }, 'working');
  }

  async stop(): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    for (const worker of this.workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await this.running;
    this.workers = [];
    // An open connection keeps the process from ending.
    await connection?.close();
  }
}

function workerOptions(config: WorkerConfig, queue: QueueName) {
  return {
    namespace: config.temporalNamespace,
    taskQueue: taskQueue(config.taskQueuePrefix, queue),
    maxConcurrentActivityTaskExecutions: config[`${queue}Concurrency`],
    // Without autoscaling one start in sixty waits two seconds for a poller.
    workflowTaskPollerBehavior: { type: 'autoscaling' },
    activityTaskPollerBehavior: { type: 'autoscaling' },
    maxCachedWorkflows: Math.max(10, Math.floor(config.maxCachedWorkflows / config.workerQueues.length)),
    // How long the tasks of a killed worker's workflows wait before another worker may have them.
    stickyQueueScheduleToStartTimeout: '3s',
    // A killed worker loses at most this much progress of a fan-out.
    maxHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: config.shutdownGraceMs,
    shutdownForceTime: config.shutdownGraceMs + 10_000,
    interceptors: { activity: [eventIdInLogs] },
  } satisfies Partial<WorkerOptions>;
}

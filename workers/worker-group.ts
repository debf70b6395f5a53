import {
  type ActivityInterceptorsFactory,
  type NativeConnection,
  TransportError,
  Worker,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { maintenance, maintenanceQueue } from '../contracts/maintenance';
import { limits } from '../contracts/time-budgets';
import { taskQueue } from '../contracts/workflow-types';
import { type Service } from '../runtime/lifecycle';
import { oneLine } from '../runtime/errors';
import { type Logger } from '../runtime/logger';
import { type Health, reasonCode } from '../runtime/metrics-server';
import { computeLimit } from './compute-limit';
import { eventIdInLogs } from './event-id-in-logs';
import { type WorkerConfig, type WorkerQueue } from './settings';
import { connectWhenThere } from './temporal';
import { traceSinks } from './trace-sinks';
import { tracedActivities } from './traced-activities';
import { workerIdentity } from './worker-beat';
import { workerDeployment } from './worker-deployment';
import { workflowBundle } from './workflow-bundle';

/** How often one Worker may be refused: each refused one leaves its threads behind. Then the process ends, and starts clean. */
const createTries = 5;

/**
 * One Worker per task queue over one connection, each with slots of its own. All have every activity, since the local
 * first tries run where the workflow runs.
 *
 * `start` does not wait for Temporal: while it is not there the workers are not ready, say why, and go on by themselves.
 * `stop` takes no new tasks, lets running activities finish for `SHUTDOWN_GRACE_MS`, then cancels them; what is left
 * after ten seconds more is abandoned to its timeout, and Temporal gives it to another worker.
 */
export class WorkerGroup implements Service {
  readonly name = 'temporal-workers';
  /** Rejects when a worker ends without being stopped. */
  readonly ended: Promise<never>;
  private fail: (error: unknown) => void = () => undefined;
  private readonly stopping = new AbortController();
  private connecting: Promise<void> | undefined;
  /** Begins with a code; undefined: ready. */
  private notReady: string | undefined = 'NOT_STARTED';
  private readonly connections: NativeConnection[] = [];
  private workers: Worker[] = [];
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly config: WorkerConfig,
    private readonly activities: object,
    private readonly logger: Logger,
    /** Resolves when tasks may be taken, or the signal is aborted; calls back with what it waits for. */
    private readonly admission: (stop: AbortSignal, waiting: (reason: string) => void) => Promise<void> = async () =>
      undefined,
    /** Of activities, beside those that every Worker has. */
    private readonly interceptors: readonly ActivityInterceptorsFactory[] = [],
  ) {
    this.ended = new Promise((_, reject) => (this.fail = reject));
    this.ended.catch(() => undefined);
  }

  async start(): Promise<void> {
    const bundle = await workflowBundle(this.config.workflowBundle, this.logger);
    this.connecting = this.work(bundle).catch((thrown: unknown) => this.fail(thrown));
  }

  async stop(): Promise<void> {
    this.notReady = 'STOPPING';
    this.stopping.abort();
    await this.connecting;
    for (const worker of this.workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await this.running;
    this.workers = [];
    // An open connection keeps the process from ending.
    for (const connection of this.connections.splice(0)) await connection.close();
  }

  /** Ends the process's work for good: `ended` rejects. */
  refuse(reason: Error): void {
    this.notReady = reason.message;
    this.fail(reason);
  }

  /** Ready: tasks of every queue are taken. */
  health(): Health {
    return { ok: this.notReady === undefined, reason: this.notReady ?? null };
  }

  private async work(bundle: WorkflowBundleOption): Promise<void> {
    const { config, logger } = this;
    const connection = await this.connect();
    if (connection === undefined) return;
    await this.admission(this.stopping.signal, (reason) => this.wait(reason));
    if (this.stopping.signal.aborted) return;
    const created = await Promise.all(
      config.workerQueues.map((queue) => {
        const options = {
          ...workerOptions(config, queue, this.interceptors),
          ...{ workflowBundle: bundle, activities: this.activities },
        };
        return this.createWhenAccepted(connection, (over) => Worker.create({ ...options, connection: over }));
      }),
    );
    this.workers = created.filter((worker) => worker !== undefined);
    const runs = this.workers.map((worker) => worker.run());
    for (const run of runs) run.catch(this.fail);
    this.running = Promise.allSettled(runs);
    if (!this.stopping.signal.aborted) this.notReady = undefined;
    logger.info({ queues: config.workerQueues.map((queue) => queueOf(config, queue)) }, 'ready: tasks are taken');
  }

  /** Undefined: `stop` came first. */
  private async connect(): Promise<NativeConnection | undefined> {
    const connection = await connectWhenThere(this.config, this.stopping.signal, (reason) => this.wait(reason));
    if (connection !== undefined) this.connections.push(connection);
    return connection;
  }

  /**
   * A Worker, made again when Temporal refused it: the SDK looks at the namespace itself, and a failover or a restart may come
   * between that look and ours. Over a connection of its own then, since the first keeps the refused Worker on its list.
   */
  private async createWhenAccepted(
    first: NativeConnection,
    create: (over: NativeConnection) => Promise<Worker>,
  ): Promise<Worker | undefined> {
    let connection: NativeConnection | undefined = first;
    for (let tries = 1; connection !== undefined; tries += 1) {
      try {
        return await create(connection);
      } catch (thrown) {
        if (!(thrown instanceof TransportError) || tries === createTries) throw thrown;
        this.wait(oneLine(thrown, 200));
        connection = await this.connect();
      }
    }
    return undefined;
  }

  /** An error the first time, so that someone looks; the same reason again is no news. */
  private wait(reason: string): void {
    const coded = reasonCode(reason) === 'SEE_LOGS' ? `TEMPORAL_UNAVAILABLE: ${reason}` : reason;
    const level = coded === this.notReady ? 'debug' : 'error';
    this.notReady = coded;
    this.logger[level](
      { error: reason },
      'waiting for Temporal, or for the right deployment; no task is taken until then',
    );
  }
}

export function queueOf({ taskQueuePrefix }: WorkerConfig, queue: WorkerQueue): string {
  return queue === maintenance ? maintenanceQueue(taskQueuePrefix) : taskQueue(taskQueuePrefix, queue);
}

function workerOptions(config: WorkerConfig, queue: WorkerQueue, interceptors: readonly ActivityInterceptorsFactory[]) {
  const deployment = workerDeployment(config);
  return {
    ...(deployment && { workerDeploymentOptions: deployment }),
    ...computeLimit,
    identity: workerIdentity,
    namespace: config.temporalNamespace,
    taskQueue: queueOf(config, queue),
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
    shutdownForceTime: config.shutdownGraceMs + limits.stop.cancelledMs,
    interceptors: { activity: [eventIdInLogs, tracedActivities, ...interceptors] },
    sinks: traceSinks,
  } satisfies Partial<WorkerOptions>;
}

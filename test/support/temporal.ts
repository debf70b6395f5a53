import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import {
  NativeConnection,
  Worker,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
  bundleWorkflowCode,
} from '@temporalio/worker';
import { type QueueName, queueNames, taskQueue } from '../../contracts/workflow-types';
import { servers } from './servers';

/** A client on the test namespace; close it in afterAll. */
export async function createTestClient(): Promise<Client> {
  const { temporalAddress, temporalNamespace } = servers();
  return new Client({
    connection: await Connection.connect({ address: temporalAddress }),
    namespace: temporalNamespace,
  });
}

/** A prefix of its own for the task queues of one test file, so that files never take each other's tasks. */
export function testQueuePrefix(): string {
  return `test-${randomUUID().slice(0, 8)}`;
}

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The workflows, bundled once per test file. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: require.resolve('../../workflows/index'),
    logger: { log: noop, trace: noop, debug: noop, info: noop, warn: noop, error: noop },
  });
  return bundle;
}

const noop = (): void => undefined;

export interface TestWorkers {
  stop(): Promise<void>;
}

/** One real Worker per task queue, all with the same activities; stop them in afterAll, or leaked pollers fail the run. */
export async function startTestWorkers(options: {
  prefix: string;
  activities: object;
  queues?: readonly QueueName[];
  worker?: Partial<WorkerOptions>;
}): Promise<TestWorkers> {
  const { temporalAddress, temporalNamespace } = servers();
  const connection = await NativeConnection.connect({ address: temporalAddress });
  const workers = await Promise.all(
    (options.queues ?? queueNames).map(async (queue) =>
      Worker.create({
        connection,
        namespace: temporalNamespace,
        taskQueue: taskQueue(options.prefix, queue),
        workflowBundle: await workflowBundle(),
        activities: options.activities,
        workflowTaskPollerBehavior: { type: 'autoscaling' },
        activityTaskPollerBehavior: { type: 'autoscaling' },
        stickyQueueScheduleToStartTimeout: '3s',
        maxHeartbeatThrottleInterval: '100ms',
        shutdownGraceTime: '1s',
        shutdownForceTime: '5s',
        ...options.worker,
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  return {
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.all(running);
      await connection.close();
    },
  };
}

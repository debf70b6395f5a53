import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
  bundleWorkflowCode,
  makeTelemetryFilterString,
} from '@temporalio/worker';
import { maintenanceQueue } from '../../contracts/maintenance';
import { type QueueName, queueNames, taskQueue } from '../../contracts/workflow-types';
import { computeLimit } from '../../workers/compute-limit';
import { interceptorModules } from '../../workers/workflow-bundle';
import { keptBundle } from './kept-bundle';
import { servers } from './servers';

/** A client on the test namespace; close it in afterAll. */
export async function createTestClient(): Promise<Client> {
  const { temporalAddress, temporalNamespace } = servers();
  return new Client({
    // The default of ten seconds is for people who wait.
    connection: await Connection.connect({ address: temporalAddress, connectTimeout: '90s' }),
    namespace: temporalNamespace,
  });
}

/** A prefix of its own for the task queues of one test file, so that files never take each other's tasks. */
export function testQueuePrefix(): string {
  return `test-${randomUUID().slice(0, 8)}`;
}

const bundles = new Map<string, Promise<WorkflowBundleWithSourceMap>>();

/**
 * The workflows, bundled once per run; a path of one workflow file bundles that alone. `patient`: their activities
 * have time without limit (patient-limits.ts).
 */
export function workflowBundle(
  workflowsPath = require.resolve('../../workflows/index'),
  patient = false,
): Promise<WorkflowBundleWithSourceMap> {
  const key = `${workflowsPath} ${patient}`;
  const known = bundles.get(key);
  if (known !== undefined) return known;
  const logger = { log: noop, trace: noop, debug: noop, info: noop, warn: noop, error: noop };
  const workflowInterceptorModules = [...interceptorModules, ...(patient ? [require.resolve('./patient-limits')] : [])];
  const bundle = keptBundle(key, () => bundleWorkflowCode({ workflowsPath, logger, workflowInterceptorModules }));
  bundles.set(key, bundle);
  return bundle;
}

/** For runs of patient workers: a process that stands still must not have its local activities run again by another task. */
export const patientRun = { workflowTaskTimeout: '60s' } as const;

const noop = (): void => undefined;

let installed = false;

/** Workers log every state they pass through: only errors are of interest in a test's output. */
export function quietRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
}

export interface TestWorkers {
  stop(): Promise<void>;
}

/** One real Worker per task queue, all with the same activities; stop them in afterAll, or leaked pollers fail the run. */
export async function startTestWorkers(options: {
  prefix: string;
  activities: object;
  queues?: readonly (QueueName | 'maintenance')[];
  /** Default: all of them. */
  workflowsPath?: string;
  /** Activities have time without limit, for tests that count what they do; start the runs with `patientRun`. */
  patient?: boolean;
  worker?: Partial<WorkerOptions>;
}): Promise<TestWorkers> {
  quietRuntime();
  const { temporalAddress, temporalNamespace } = servers();
  const connection = await NativeConnection.connect({ address: temporalAddress });
  const workers = await Promise.all(
    (options.queues ?? queueNames).map(async (queue) =>
      Worker.create({
        connection,
        namespace: temporalNamespace,
        taskQueue: queue === 'maintenance' ? maintenanceQueue(options.prefix) : taskQueue(options.prefix, queue),
        workflowBundle: await workflowBundle(options.workflowsPath, options.patient),
        activities: options.activities,
        ...computeLimit,
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

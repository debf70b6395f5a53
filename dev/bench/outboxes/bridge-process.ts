import { temporal } from '@temporalio/proto';
import { queueNames, taskQueue } from '../../../contracts/workflow-types';
import { type DemoProcess } from '../../../proof/run/processes';
import { choosePorts } from '../../stack/ports';
import { until } from '../../stack/until';
import { type BenchStack } from '../with-stack';
import { type BenchDatabases } from './databases';

export interface BenchBridge extends DemoProcess {
  /** Text of its page of metrics. */
  metrics(): Promise<string>;
}

/**
 * Starts a bridge process as people start it, and waits until it claims from every outbox. No worker runs: what asked for a task of
 * each queue passes for one, for two minutes. So the figures are those of bridge, PostgreSQL and Temporal.
 */
export async function startBridge(
  stack: BenchStack,
  databases: BenchDatabases,
  options: { readonly name: string; readonly listening: boolean; readonly environment?: Record<string, string> },
): Promise<BenchBridge> {
  const taskQueuePrefix = `${stack.names.taskQueuePrefix}-${databases.prefix.split('_').at(-2)}`;
  await showPollers(stack, taskQueuePrefix);
  const pollers = setInterval(() => void showPollers(stack, taskQueuePrefix), 40_000).unref();
  const { temporalMetrics: port = 0 } = await choosePorts(['temporalMetrics'], {}, {});
  const process = stack.launch(options.name, 'outbox-bridge/main.ts', {
    ...databases.environment(options.listening),
    ...{ TASK_QUEUE_PREFIX: taskQueuePrefix, BRIDGE_METRICS_PORT: String(port) },
    ...options.environment,
  });
  const page = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  let last = 'no reply';
  const isReady = async (): Promise<boolean> => {
    stack.interrupted.throwIfAborted();
    process.assertAlive();
    last = await page('/healthz').catch(() => 'no reply');
    if (!last.startsWith('{')) return false;
    const { ok, outboxes = {} } = JSON.parse(last) as { ok: boolean; outboxes?: Record<string, { state: string }> };
    const states = Object.values(outboxes).map(({ state }) => state);
    if (/^nova_bridge_paused_types{.*} [1-9]/m.test(await page('/metrics'))) return false;
    return ok && states.length === databases.outboxes.length && states.every((state) => /polling|starting/.test(state));
  };
  if (!(await until(isReady, { timeoutMs: 60_000, everyMs: 200 })))
    throw new Error(`${options.name} does not claim from every outbox after 60 s (${process.logFile}): ${last}`);
  const stop = (): Promise<void> => {
    clearInterval(pollers);
    return process.stop();
  };
  return { ...process, stop, metrics: () => page('/metrics') };
}

/** Less is refused by the server before it notes who asked. */
const longPollMs = 5_000;

/** Asks for a workflow task of each queue: Temporal lists who asked for minutes. At most one task of each is taken, and left. */
async function showPollers({ connection, addresses }: BenchStack, prefix: string): Promise<void> {
  await Promise.all(
    queueNames.map(async (queue) => {
      const request = {
        ...{ namespace: addresses.temporalNamespace, identity: 'nova-bench' },
        taskQueue: { name: taskQueue(prefix, queue), kind: temporal.api.enums.v1.TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
      };
      const asked = connection.withDeadline(Date.now() + longPollMs, () =>
        connection.workflowService.pollWorkflowTaskQueue(request),
      );
      // Without a task the wait ends at its deadline.
      await asked.catch(() => undefined);
    }),
  );
}

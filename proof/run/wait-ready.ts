import { type Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { type Pool } from 'pg';
import { queueNames, taskQueue } from '../../contracts/workflow-types';
import { until } from '../../dev/stack/until';
import { type DemoProcess } from './processes';

interface Readiness {
  readonly connection: Connection;
  readonly namespace: string;
  readonly taskQueuePrefix: string;
  /** Where the bridge reports: every outbox. */
  readonly outboxes: readonly Pool[];
  readonly processes: readonly DemoProcess[];
  readonly timeoutMs: number;
  readonly interrupted: AbortSignal;
  readonly detail: (text: string) => void;
}

/** Waits until every task queue is polled and the bridge says that it holds back nothing. */
export async function waitReady(ready: Readiness): Promise<void> {
  let missing: string[] = [];
  const complete = await until(
    async () => {
      ready.interrupted.throwIfAborted();
      for (const process of ready.processes) process.assertAlive();
      missing = [...(await unpolledQueues(ready)), ...(await bridgesTrouble(ready.outboxes))];
      ready.detail(missing.length === 0 ? 'ready' : `waiting for ${missing.join(', ')}`);
      return missing.length === 0;
    },
    { timeoutMs: ready.timeoutMs, everyMs: 200 },
  );
  if (!complete) {
    const logs = ready.processes.map((process) => process.logFile).join(', ');
    throw new Error(`not ready after ${ready.timeoutMs / 1_000} s: still waiting for ${missing.join(', ')} (${logs})`);
  }
}

async function unpolledQueues({ connection, namespace, taskQueuePrefix }: Readiness): Promise<string[]> {
  const replies = await Promise.all(
    queueNames.map((queue) =>
      connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue(taskQueuePrefix, queue) },
        taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
      }),
    ),
  );
  const unpolled = queueNames.filter((_, i) => (replies[i]?.pollers.length ?? 0) === 0);
  return unpolled.length === 0 ? [] : [`workers on ${unpolled.join(' ')}`];
}

async function bridgesTrouble(outboxes: readonly Pool[]): Promise<string[]> {
  const each = await Promise.all(outboxes.map(bridgeTrouble));
  return [...new Set(each.flat())];
}

async function bridgeTrouble(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ state: string; paused: boolean }>(
    `SELECT state, paused_types <> '{}' AS paused FROM nova.bridge_instances`,
  );
  const [bridge] = rows;
  if (bridge === undefined) return ['the bridge'];
  if (bridge.state === 'outage') return ['the bridge to reach its servers'];
  return bridge.paused ? ['the bridge to see the workers'] : [];
}

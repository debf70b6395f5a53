import { waitReady } from '../../../proof/run/wait-ready';
import { until } from '../../../dev/stack/until';
import { counts } from './counts';
import { type ManagedProcess } from './managed-process';

type Readiness = Omit<Parameters<typeof waitReady>[0], 'processes'> & { readonly processes: readonly ManagedProcess[] };

/** Waits until every task queue is polled and every bridge reports that it holds back nothing. */
export async function untilSystemReady(ready: Readiness): Promise<void> {
  const processes = ready.processes.map((process) => ({
    name: process.name,
    logFile: process.logFile,
    pid: process.pid,
    // One that dies is started again; whether that is in order is not the question here.
    assertAlive: () => undefined,
    stop: () => process.stop(),
  }));
  await waitReady({ ...ready, processes });
  const working = async (): Promise<boolean> => {
    ready.interrupted.throwIfAborted();
    const { rows } = await ready.outboxes[0]!.query<{ working: number }>(
      `SELECT count(*)::int AS working FROM bridge_instances WHERE state <> 'outage' AND paused_types = '{}'`,
    );
    return (rows[0]?.working ?? 0) >= counts.bridge;
  };
  if (await until(working, { timeoutMs: ready.timeoutMs, everyMs: 200 })) return;
  throw new Error(`not all ${counts.bridge} bridges work after ${ready.timeoutMs / 1_000} s`);
}

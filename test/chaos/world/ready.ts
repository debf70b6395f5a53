import { type Pool } from 'pg';
import { waitReady } from '../../../proof/run/wait-ready';
import { until } from '../../../dev/stack/until';
import { type ManagedProcess } from './managed-process';

type Readiness = Omit<Parameters<typeof waitReady>[0], 'processes' | 'outboxes'> & {
  readonly processes: readonly ManagedProcess[];
  /** Each outbox, and how many bridges serve it. */
  readonly outboxes: readonly { readonly pool: Pool; readonly bridges: number }[];
};

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
  await waitReady({ ...ready, outboxes: ready.outboxes.map(({ pool }) => pool), processes });
  const working = async (): Promise<boolean> => {
    ready.interrupted.throwIfAborted();
    for (const { pool, bridges } of ready.outboxes) {
      const { rows } = await pool.query<{ working: number }>(
        `SELECT count(*)::int AS working FROM nova.bridge_instances WHERE state <> 'outage' AND paused_types = '{}'`,
      );
      if ((rows[0]?.working ?? 0) < bridges) return false;
    }
    return true;
  };
  if (await until(working, { timeoutMs: ready.timeoutMs, everyMs: 200 })) return;
  throw new Error(`not all bridges work after ${ready.timeoutMs / 1_000} s`);
}

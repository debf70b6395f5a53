import { randomUUID } from 'node:crypto';
import { type BridgeDeps } from './bridge-deps';
import { lanesFor } from './lanes';

/**
 * One try to end an outage: waits for its time, then asks both servers. Throws while one of them does not reply; returns at once when
 * `toStop` is resolved.
 */
export async function recover(deps: BridgeDeps, toStop: Promise<void>): Promise<void> {
  const { outage, starter, logger, metrics, sleep } = deps;
  const code = outage.active?.code;
  if (code !== undefined) metrics.outage.set({ code }, 1);
  const stopped = await Promise.race([outage.untilNextTry(sleep), toStop.then(() => true)]);
  if (stopped === true) return;
  // Whatever was down, both must reply before claiming goes on: an empty claim asks PostgreSQL, the probe asks
  // Temporal.
  await deps.store.claim({
    token: randomUUID(),
    leaseMs: 1,
    lanes: lanesFor(0, 0),
    maxRows: 0,
    pausedSpellings: [],
  });
  await starter.probe();
  for (const each of new Set([code, outage.active?.code]))
    if (each !== undefined) metrics.outage.set({ code: each }, 0);
  const { lastedMs, said } = outage.end();
  const window = deps.window.limit;
  const message = `outage over: claiming goes on${outage.stopsAll(code ?? 'DATABASE_UNAVAILABLE') ? ' with the smallest window' : ''}`;
  logger[said ? 'debug' : 'info']({ code, lasted_ms: lastedMs, window }, message);
}

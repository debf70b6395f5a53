import { mainOutbox } from '../../../contracts/outbox-name';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Pool } from 'pg';
import { Registry } from 'prom-client';
import { startCallMs } from '../../../contracts/time-budgets';
import { attemptStart } from '../../../outbox-bridge/attempt';
import { Bridge } from '../../../outbox-bridge/bridge';
import { Fuse } from '../../../outbox-bridge/fuse';
import { createBridgeMetrics } from '../../../outbox-bridge/metrics';
import { Pacer } from '../../../outbox-bridge/pacer';
import { partsOfOne } from '../../../outbox-bridge/parts-of-one';
import { Pauses } from '../../../outbox-bridge/pauses';
import { PgOutboxStore } from '../../../outbox-bridge/pg-outbox-store';
import { StartWindow } from '../../../outbox-bridge/start-window';
import { TemporalStarter } from '../../../outbox-bridge/temporal-starter';
import { createLogger } from '../../../runtime/logger';
import { type System } from '../with-system';
import { bridgeRequest, asStarted } from './claims';

const leaseMs = 15_000;

function starterOf({ connection, temporalNamespace, taskQueuePrefix }: System): TemporalStarter {
  return new TemporalStarter(connection, {
    namespace: temporalNamespace,
    taskQueuePrefix,
    deadlineMs: startCallMs(leaseMs),
  });
}

const limits = { maxAttempts: 5, retentionGuardMs: Infinity, unknownPatienceMs: Infinity };
const now = (): number => performance.timeOrigin + performance.now();

/**
 * Rows a second that starting one after another can reach: the bridge's own request and client, nothing else beside it. Claims and
 * marks are not in the time.
 */
export async function sequentialRate(system: System, pool: Pool, seconds: number): Promise<number> {
  const store = new PgOutboxStore(pool);
  const deps = {
    starter: starterOf(system),
    store,
    limits,
    fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, now),
    outbox: { name: mainOutbox },
  };
  let [spentMs, started] = [0, 0];
  while (spentMs < seconds * 1_000) {
    const rows = await store.claim(bridgeRequest({ leaseMs: 600_000 }));
    if (rows.length === 0) throw new Error('the bench is too small: no row is left to start one after another');
    for (const row of rows) {
      const begun = performance.now();
      const { settlement } = await attemptStart(row, deps);
      spentMs += performance.now() - begun;
      if (settlement.kind !== 'started') throw new Error(`a start of the bench ended as ${settlement.kind}`);
      started += 1;
    }
    await store.settle(rows.map(asStarted));
  }
  return (started * 1_000) / spentMs;
}

/** Rows of an aggregate that are marked as started while `work` runs, per second. */
export async function drainRate(pool: Pool, aggregate: string, work: () => Promise<unknown>): Promise<number> {
  const clock = async (): Promise<Date | undefined> =>
    (await pool.query<{ at: Date }>('SELECT clock_timestamp() AS at')).rows[0]?.at;
  const begun = await clock();
  await work();
  // To count takes a while itself, and is not in the time.
  const { rows } = await pool.query<{ rate: number }>(
    `SELECT (count(*) / extract(epoch FROM $3::timestamptz - $2::timestamptz))::float8 AS rate FROM nova.outbox_events
     WHERE aggregate_id = $1 AND published_at >= $2::timestamptz AND published_at < $3::timestamptz`,
    [aggregate, begun, await clock()],
  );
  return rows[0]?.rate ?? 0;
}

/** Until a bridge that was just started knows how long its series may be. */
export const warmUpMs = 3_000;

/** Work beside a bridge in this process, which does not look for workers: what the bridge alone can reach. */
export async function besideBridge<T>(system: System, pool: Pool, work: () => Promise<T>): Promise<T> {
  const starter = starterOf(system);
  const bridge = new Bridge({
    store: new PgOutboxStore(pool),
    starter,
    ...partsOfOne(
      {
        window: new StartWindow({ min: 4, max: 32, slowMs: 500 }),
        now,
        sleep: (ms) => sleep(ms),
        logger: createLogger('bench', 'error'),
      },
      () => starter.probe(),
    ),
    pacer: new Pacer({ minMs: 5, maxMs: 20 }),
    pauses: new Pauses(now),
    fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, now),
    metrics: createBridgeMetrics(new Registry()),
    limits,
    leaseMs,
  });
  await bridge.start();
  try {
    await sleep(warmUpMs);
    return await work();
  } finally {
    await bridge.stop();
  }
}

import { type Connection } from '@temporalio/client';
import { Registry } from 'prom-client';
import { type Pool } from 'pg';
import { Bridge } from '../../outbox-bridge/bridge';
import { type BridgeDeps } from '../../outbox-bridge/bridge-deps';
import { type AllMetrics, createBridgeMetrics } from '../../outbox-bridge/metrics';
import { Fuse } from '../../outbox-bridge/fuse';
import { Pacer } from '../../outbox-bridge/pacer';
import { partsOfOne } from '../../outbox-bridge/parts-of-one';
import { Pauses } from '../../outbox-bridge/pauses';
import { PgOutboxStore } from '../../outbox-bridge/pg-outbox-store';
import { StartWindow } from '../../outbox-bridge/start-window';
import { TemporalStarter } from '../../outbox-bridge/temporal-starter';
import { silentLogger } from './logger';
import { servers } from './servers';

export interface TestBridge extends BridgeDeps {
  readonly metrics: AllMetrics;
  readonly bridge: Bridge;
}

/**
 * No lease ends and no call is given up by itself, however slow the machine: a second claim or start of a row would be right
 * then, and is what many tests count. A test of what follows the end of a lease ends it (`endLeases`).
 */
const leaseMs = 300_000;
const limits = { serverMs: 100_000, waitMs: 120_000 };

/** As if time had passed: the leases of all rows that a process claimed and did not settle are over. */
export async function endLeases(pool: Pool): Promise<void> {
  await pool.query('UPDATE outbox_events SET lease_until = now() WHERE lease_token IS NOT NULL');
}

/** A bridge on the real servers, any part of it replaceable by one that fails on purpose. */
export function createTestBridge(options: {
  pool: Pool;
  connection: Connection;
  prefix: string;
  overrides?: Partial<BridgeDeps> | undefined;
  namespace?: string;
}): TestBridge {
  const window = new StartWindow({ min: 4, max: 16, slowMs: 500 });
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 50)));
  const metrics = createBridgeMetrics(new Registry());
  const deps: BridgeDeps = {
    store: new PgOutboxStore(options.pool, limits),
    starter: new TemporalStarter(options.connection, {
      namespace: options.namespace ?? servers().temporalNamespace,
      taskQueuePrefix: options.prefix,
      deadlineMs: 100_000,
    }),
    ...partsOfOne({ window, sleep, logger: silentLogger, now: Date.now }, () => deps.starter.probe()),
    pacer: new Pacer({ minMs: 2, maxMs: 10 }),
    pauses: new Pauses(Date.now),
    fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, Date.now),
    metrics,
    limits: { maxAttempts: 5, retentionGuardMs: 3_600_000, unknownPatienceMs: 3_600_000 },
    leaseMs,
    ...options.overrides,
  };
  return { ...deps, metrics, bridge: new Bridge(deps) };
}

import { type Connection } from '@temporalio/client';
import { Registry } from 'prom-client';
import { type Pool } from 'pg';
import { Bridge, type BridgeDeps } from '../../outbox-bridge/bridge';
import { createBridgeMetrics } from '../../outbox-bridge/metrics';
import { Fuse } from '../../outbox-bridge/fuse';
import { Outage } from '../../outbox-bridge/outage';
import { Pacer } from '../../outbox-bridge/pacer';
import { Pauses } from '../../outbox-bridge/pauses';
import { PgOutboxStore } from '../../outbox-bridge/pg-outbox-store';
import { StartWindow } from '../../outbox-bridge/start-window';
import { TemporalStarter } from '../../outbox-bridge/temporal-starter';
import { silentLogger } from './logger';
import { servers } from './servers';

export interface TestBridge extends BridgeDeps {
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
  const deps: BridgeDeps = {
    store: new PgOutboxStore(options.pool, limits),
    starter: new TemporalStarter(options.connection, {
      namespace: options.namespace ?? servers().temporalNamespace,
      taskQueuePrefix: options.prefix,
      deadlineMs: 100_000,
    }),
    window: new StartWindow({ min: 4, max: 16 }),
    pacer: new Pacer({ minMs: 2, maxMs: 10 }),
    pauses: new Pauses(Date.now),
    outage: new Outage(Date.now),
    fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, Date.now),
    metrics: createBridgeMetrics(new Registry()),
    logger: silentLogger,
    limits: { maxAttempts: 5, retentionGuardMs: 3_600_000, unknownPatienceMs: 3_600_000 },
    leaseMs,
    now: Date.now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 50))),
    ...options.overrides,
  };
  return { ...deps, bridge: new Bridge(deps) };
}

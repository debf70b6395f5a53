import { type Connection } from '@temporalio/client';
import { startCallMs } from '../contracts/time-budgets';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { MetricsServer } from '../runtime/metrics-server';
import { ChoreFailures } from '../runtime/periodic';
import { processRegistry } from '../runtime/process-registry';
import { connectClient } from '../runtime/temporal';
import { readRetentionMs, rememberedMs } from '../runtime/temporal-retention';
import { watchTemporalTls } from '../runtime/temporal-tls';
import { Tracing } from '../runtime/tracing';
import { AloneGate } from './alone-gate';
import { type ServedOutbox, composeOutbox } from './compose-outbox';
import { type BridgePools, composePools } from './compose-pools';
import { type BridgeConfig, type Shared, choresOf, instanceOf } from './compose-shared';
import { composeState, composeStateHousekeeping } from './compose-state';
import { healthOf, readinessOf } from './health';
import { createBridgeMetrics } from './metrics';
import { PausesOfAll } from './pauses-of-all';
import { PollBudget } from './poll-budget';
import { PollerWatch } from './poller-watch';
import { SearchAttributeWatch } from './search-attribute-watch';
import { servedOutboxes } from './served-outboxes';
import { SharedOutage } from './shared-outage';
import { sideBySide } from './side-by-side';
import { StartPaces } from './start-paces';
import { StartSlots } from './start-slots';
import { startWindowOf } from './start-window';
import { TemporalStarter } from './temporal-starter';

/**
 * Builds the bridge and its chores from the configuration; the services are started in this order.
 * @throws ConfigError when the configuration names an outbox that there is not
 */
export function composeBridge(config: BridgeConfig, logger: Logger): { services: Service[] } {
  const outboxes = servedOutboxes(config);
  const connection = connectClient(config);
  const pools = composePools(outboxes, config, logger);
  const served: ServedOutbox[] = [];
  const pauses = new PausesOfAll(() => served.map((outbox) => outbox.pauses));
  const watched = {
    ...{ connection, namespace: config.temporalNamespace, taskQueuePrefix: config.taskQueuePrefix, pauses, logger },
    onResume: () => served.forEach((outbox) => outbox.nudge()),
  };
  const pollers = new PollerWatch(watched);
  const attributes = new SearchAttributeWatch(watched);
  const shared = composeShared(config, { logger, connection, served, pools, count: outboxes.length });
  const hooks = { alarm: () => attributes.alarm, onFirstClaim: (one: Logger) => pollers.sayReady(one) };
  for (const outbox of outboxes)
    served.push(composeOutbox(outbox, pools.outboxes.of({ outbox: outbox.name }), shared, hooks));
  const states = () => served.map(({ name, describe }) => ({ name, ...describe() }));
  const { metricsHost: host, metricsPort: port } = config;
  const metricsServer = new MetricsServer({
    ...{ host, port, portSetting: 'BRIDGE_METRICS_PORT', registry: shared.registry },
    health: () => healthOf(states(), attributes.alarm),
    ready: () => readinessOf(states(), attributes.alarm),
  });
  const chores = choresOf(shared, { logger, settings: config });
  const services: Service[] = [
    new Tracing(config, 'nova-bridge', logger),
    closing('postgres and temporal', async () => {
      await Promise.all(served.map((outbox) => outbox.forget().catch(() => undefined)));
      await Promise.all([pools.end(), connection.close()]);
    }),
    closing('probes', async () => shared.outage.stop()),
    watchTemporalTls(config, logger),
    chores.looks('poller-watch', 1_000, () => pollers.look()),
    chores.every('retention', 3_600_000, async () => {
      const retention = await readRetentionMs(connection, config.temporalNamespace);
      shared.limits.retentionGuardMs = rememberedMs(config.retentionMarginHours, retention);
    }),
    ...(port === 0 ? [] : [metricsServer]),
    // Before the first claim.
    chores.looks('search-attributes', 5_000, () => attributes.look()),
    sideBySide('outboxes', [
      [composeStateHousekeeping(pools.state, pools.outboxes, shared)],
      composeState(pools.state, shared),
      ...served.map((outbox) => outbox.services),
    ]),
  ];
  return { services };
}

function composeShared(
  config: BridgeConfig,
  parts: {
    readonly logger: Logger;
    readonly connection: Connection;
    readonly pools: Pick<BridgePools, 'state' | 'outboxes'>;
    readonly served: readonly ServedOutbox[];
    readonly count: number;
  },
): Shared {
  const { logger, connection, served, pools, count } = parts;
  const registry = processRegistry(config);
  // Epoch milliseconds that do not change with steps of the wall clock: leases, outages and retries are measured with it.
  const now = (): number => performance.timeOrigin + performance.now();
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const window = startWindowOf(config);
  const starter = new TemporalStarter(connection, {
    namespace: config.temporalNamespace,
    taskQueuePrefix: config.taskQueuePrefix,
    consoleUrl: config.consoleUrl,
    deadlineMs: startCallMs(config.leaseMs),
  });
  const pausedTypes = () => new Map(served.map(({ name, pauses }) => [name, Object.keys(pauses.describe()).length]));
  return {
    ...{ config, logger, registry, connection, starter, window, now, sleep, count },
    ...{ state: pools.state, outboxes: pools.outboxes },
    metrics: createBridgeMetrics(registry, pausedTypes),
    slots: new StartSlots(window),
    paces: new StartPaces({
      ...{ targetMs: config.startWaitMs, now },
      onRoom: () => served.forEach((outbox) => outbox.nudge()),
    }),
    gate: new AloneGate({ now, sleep }),
    polls: new PollBudget({
      pollsPerSecond: config.pollsPerSecond,
      polledMs: config.pollMaxMs,
      nudgedMs: config.pollNudgedMs,
    }),
    failures: new ChoreFailures(),
    outage: new SharedOutage({
      ...{ window, logger, now, sleep },
      probe: () => starter.probe(),
      served: () => count,
    }),
    limits: {
      maxAttempts: config.maxAttempts,
      retentionGuardMs: rememberedMs(config.retentionMarginHours),
      unknownPatienceMs: config.unknownTypeHours * 3_600_000,
    },
    instanceId: instanceOf(process.pid),
  };
}

/** A service that only has something to close; first in the list, so it closes last. */
function closing(name: string, stop: () => Promise<void>): Service {
  return { name, start: async () => undefined, stop };
}

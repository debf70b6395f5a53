import { hostname } from 'node:os';
import { type Connection, WorkflowClient } from '@temporalio/client';
import { claimLimits, startCallMs } from '../contracts/time-budgets';
import { type ConfigOf } from '../runtime/config';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { type Health, MetricsServer } from '../runtime/metrics-server';
import { ChoreFailures, Periodic } from '../runtime/periodic';
import { createPool } from '../runtime/postgres';
import { processRegistry } from '../runtime/process-registry';
import { connectClient } from '../runtime/temporal';
import { watchTemporalTls } from '../runtime/temporal-tls';
import { withSetting } from '../runtime/which-setting';
import { createAuditGauges, readAuditGauges } from './audit-gauges';
import { Bridge } from './bridge';
import { enterOutage } from './apply-outcome';
import { DeploymentGuard } from './deployment-guard';
import { createFeedStoreGauges, readFeedStoreGauges } from './feed-store-gauges';
import { Fuse } from './fuse';
import { isRunOpen, readOpenRuns } from '../outbox/housekeeping/open-runs';
import { PartitionsAhead } from '../outbox/housekeeping/partitions-ahead';
import { outboxHousekeeping, stateHousekeeping } from '../outbox/housekeeping/service';
import { neededBy } from '../outbox/housekeeping/whole-housekeeping';
import { OutboxPools } from '../runtime/outbox-pools';
import { createStateGauges, readStateGauges } from './state-gauges';
import { createBridgeMetrics } from './metrics';
import { NudgeListener } from './nudge-listener';
import { Outage } from './outage';
import { readOutboxGauges } from './outbox-gauges';
import { Pacer } from './pacer';
import { Pauses } from './pauses';
import { PgOutboxStore } from './pg-outbox-store';
import { PollerWatch } from './poller-watch';
import { storeOfProcess } from './process-store';
import { readRetentionMs, rememberedMs } from '../runtime/temporal-retention';
import { type bridgeSettings, keepDays } from './settings';
import { removeInstance, reportInstance } from './report-instance.sql';
import { StartWindow } from './start-window';
import { createTaskQueueGauges, readTaskQueueGauges } from './task-queue-gauges';
import { TemporalStarter } from './temporal-starter';
import { createDeliveryGauges, readDeliveryGauges, readInboxGauges } from './waiting-deliveries';

/** Builds the bridge and its chores from the configuration; the services are started in this order. */
export function composeBridge(
  config: ConfigOf<typeof bridgeSettings>,
  logger: Logger,
): { bridge: Bridge; services: Service[] } {
  const connection = connectClient(config);
  const pool = createPool({
    url: config.databaseUrl,
    schema: config.databaseSchema,
    max: 6,
    applicationName: 'nova-bridge',
    logger,
  });
  const registry = processRegistry(config);
  const pauses = new Pauses(() => performance.now());
  const metrics = createBridgeMetrics(registry, () => Object.keys(pauses.describe()).length);
  const auditGauges = createAuditGauges(registry);
  const feedStoreGauges = createFeedStoreGauges(registry);
  const stateGauges = createStateGauges(registry);
  const deliveryGauges = createDeliveryGauges(registry);
  const taskQueueGauges = createTaskQueueGauges(registry);
  const workflows = new WorkflowClient({ connection, namespace: config.temporalNamespace });
  // Epoch milliseconds that do not change with steps of the wall clock: leases, outages and retries are measured with it.
  const now = (): number => performance.timeOrigin + performance.now();
  const pacer = new Pacer({ minMs: config.pollMinMs, maxMs: config.pollMaxMs });
  const limits = {
    maxAttempts: config.maxAttempts,
    retentionGuardMs: rememberedMs(config.retentionMarginHours),
    unknownPatienceMs: config.unknownTypeHours * 3_600_000,
  };
  const outage = new Outage(now);
  const window = new StartWindow({ min: 4, max: config.windowMax });
  const guard = new DeploymentGuard({
    pool,
    connection,
    settings: config,
    pauses,
    logger,
    onRefusal: (code, detail) => enterOutage({ window, outage, metrics, logger }, code, detail),
    onResume: () => pacer.nudge(),
  });
  const starter = new TemporalStarter(connection, {
    namespace: config.temporalNamespace,
    taskQueuePrefix: config.taskQueuePrefix,
    deadlineMs: startCallMs(config.leaseMs),
  });
  const bridge = new Bridge({
    store: storeOfProcess(new PgOutboxStore(pool, claimLimits(config.leaseMs)), config, () => watch.sayReady()),
    starter: {
      start: (request) => starter.start(request),
      lookUp: (request) => starter.lookUp(request),
      // After any outage the guard looks first.
      probe: () => starter.probe().then(() => guard.check()),
    },
    window,
    pacer,
    pauses,
    outage,
    fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, now),
    metrics,
    logger,
    limits,
    leaseMs: config.leaseMs,
    now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  const watch = new PollerWatch({
    connection,
    namespace: config.temporalNamespace,
    taskQueuePrefix: config.taskQueuePrefix,
    pauses,
    logger,
    onResume: () => pacer.nudge(),
  });
  const options = { logger, explain: (thrown: unknown) => withSetting(thrown, config), failures: new ChoreFailures() };
  const instanceId = `${hostname()}-${process.pid}`;
  const chore = (name: string, everyMs: number, work: () => Promise<unknown>) =>
    new Periodic(name, async () => (await work(), everyMs), { ...options, retryMs: Math.min(everyMs, 5_000) });
  const partitions = new PartitionsAhead({
    database: pool,
    days: config.partitionDaysAhead,
    alarmDays: config.partitionAlarmDays,
    gauge: metrics.partitionsAhead,
    logger,
  });
  const housekeeping = {
    logger,
    holder: instanceId,
    retentionDays: config.retentionDays,
    // Nothing is dropped on the word of another deployment's Temporal.
    openRuns: () => guard.check().then(() => readOpenRuns(connection, { namespace: config.temporalNamespace })),
  };
  const services: Service[] = [
    closing('postgres and temporal', () => closeAll(pool, connection, instanceId)),
    chore('partitions', 600_000, () => partitions.keep()),
    watchTemporalTls(config, logger),
    new Periodic('poller-watch', () => watch.look(), { ...options, retryMs: 1_000 }),
    chore('retention', 3_600_000, async () => {
      const retention = await readRetentionMs(connection, config.temporalNamespace);
      limits.retentionGuardMs = rememberedMs(config.retentionMarginHours, retention);
    }),
    outboxHousekeeping({ ...housekeeping, outbox: pool, patienceMs: 300_000, neededByState: neededBy(pool) }, metrics),
    stateHousekeeping(
      {
        ...housekeeping,
        ...{ state: pool, outboxes: OutboxPools.one(pool), keepDays: keepDays(config) },
        isOpen: (eventId) => isRunOpen(connection, config.temporalNamespace, eventId),
      },
      metrics,
    ),
    chore('gauges', 5_000, () => readOutboxGauges(pool, metrics)),
    chore('audit-gauges', 15_000, () => readAuditGauges(pool, auditGauges)),
    chore('feed-store-gauges', 15_000, () => readFeedStoreGauges(pool, feedStoreGauges)),
    chore('state-gauges', 15_000, () => readStateGauges(pool, stateGauges)),
    chore('delivery-gauges', 15_000, () => readDeliveryGauges(pool, deliveryGauges)),
    chore('inbox-gauges', 30_000, () => readInboxGauges(pool, workflows, config.taskQueuePrefix, deliveryGauges)),
    chore('task-queue-gauges', 10_000, () => readTaskQueueGauges(pool, connection, config, taskQueueGauges)),
    ...(config.metricsPort === 0
      ? []
      : [
          new MetricsServer({
            host: config.metricsHost,
            port: config.metricsPort,
            portSetting: 'BRIDGE_METRICS_PORT',
            registry,
            health: () => healthOf(bridge, guard),
            ready: () => readinessOf(bridge, guard),
          }),
        ]),
    ...(config.listenUrl === ''
      ? []
      : [new NudgeListener({ url: config.listenUrl, onNudge: () => pacer.nudge(), logger })]),
    chore('instance-report', 2_000, () => {
      const { state, reason } = bridge.describe();
      const paused = pauses.describe();
      return pool.query(reportInstance, [instanceId, state, reason ?? guard.alarm ?? partitions.alarm ?? null, paused]);
    }),
    // Before the first claim.
    new Periodic('deployment', () => guard.look(), { ...options, retryMs: 5_000 }),
    bridge,
  ];
  return { bridge, services };
}

/** Healthy means progress: a bridge in an outage is alive, but its operator must see that nothing moves. */
function healthOf(bridge: Bridge, { alarm }: DeploymentGuard): Health {
  const { state, reason } = bridge.describe();
  const isWell = !['outage', 'refused', 'stuck'].includes(state) && alarm === undefined;
  return { ok: isWell, reason: reason ?? alarm ?? null };
}

/** Ready: rows are claimed and started. */
function readinessOf(bridge: Bridge, guard: DeploymentGuard): Health {
  const { state } = bridge.describe();
  if (state === 'not started' || state === 'stopping') return { ok: false, reason: 'NOT_RUNNING' };
  return healthOf(bridge, guard);
}

/** A service that only has something to close; first in the list, so it closes last. */
function closing(name: string, stop: () => Promise<void>): Service {
  return { name, start: async () => undefined, stop };
}

async function closeAll(
  pool: ReturnType<typeof createPool>,
  connection: Connection,
  instanceId: string,
): Promise<void> {
  await pool.query(removeInstance, [instanceId]).catch(() => undefined);
  await Promise.all([pool.ended ? undefined : pool.end(), connection.close()]);
}

import { ScheduleClient, WorkflowClient } from '@temporalio/client';
import { type Pool } from 'pg';
import { isRunOpen, readOpenRuns } from '../outbox/housekeeping/open-runs';
import { stateHousekeeping } from '../outbox/housekeeping/service';
import { auditSchedule } from '../runtime/audit-schedule';
import {
  DependencyWatch,
  createDependencyGauge,
  databaseDependency,
  temporalDependency,
} from '../runtime/dependency-watch';
import { type Service } from '../runtime/lifecycle';
import { type OutboxPools } from '../runtime/outbox-pools';
import { auditScheduled, createAuditGauges, readAuditGauges } from './audit-gauges';
import { type Shared, choresOf } from './compose-shared';
import { DeploymentGuard } from './deployment-guard';
import { createFeedStoreGauges, readFeedStoreGauges } from './feed-store-gauges';
import { isInState } from '../runtime/outboxes';
import { servedOutboxes } from './served-outboxes';
import { keepDays } from './settings';
import { createPaceGauges } from './pace-gauges';
import { RunGauges, createRunGauges } from './run-gauges';
import { createStateGauges, readStateGauges } from './state-gauges';
import { createTaskQueueGauges, readTaskQueueGauges } from './task-queue-gauges';
import { createDeliveryGauges, readDeliveryGauges } from './waiting-deliveries';
import { lookAtStartWaits } from './start-waits';
import { createWorkerGauge, readWorkerGauge } from './worker-gauges';

/** The gauges of State and of what has no outbox: read once by each process, however many outboxes it serves. */
export function composeState(pool: Pool, shared: Shared): Service[] {
  const { config, registry, logger, connection } = shared;
  const auditGauges = createAuditGauges(registry);
  const feedStoreGauges = createFeedStoreGauges(registry);
  const stateGauges = createStateGauges(registry);
  const deliveryGauges = createDeliveryGauges(registry);
  const taskQueueGauges = createTaskQueueGauges(registry);
  createPaceGauges(registry, shared.paces, config.taskQueuePrefix);
  const workerGauge = createWorkerGauge(registry);
  const runGauges = new RunGauges({
    ...{ pool, logger, taskQueuePrefix: config.taskQueuePrefix },
    ...{ runs: createRunGauges(registry), deliveries: deliveryGauges },
    workflows: new WorkflowClient({ connection, namespace: config.temporalNamespace }),
  });
  const schedules = new ScheduleClient({ connection, namespace: config.temporalNamespace });
  const isAudited = auditScheduled(() => auditSchedule(schedules, config.taskQueuePrefix));
  const { every, looks } = choresOf(shared, { logger, settings: config });
  return [
    ...(config.metricsPort === 0 ? [] : [dependencyWatch(pool, shared)]),
    ...(config.startWaitMs === 0 ? [] : [looks('start-waits', 1_000, () => lookAtStartWaits(pool, shared))]),
    every('audit-gauges', 15_000, () => readAuditGauges(pool, auditGauges, isAudited)),
    every('feed-store-gauges', 15_000, () => readFeedStoreGauges(pool, feedStoreGauges)),
    every('state-gauges', 15_000, () => readStateGauges(pool, stateGauges)),
    every('delivery-gauges', 15_000, () => readDeliveryGauges(pool, deliveryGauges)),
    every('run-gauges', 20_000, () => runGauges.read()),
    every('worker-gauge', 5_000, () => readWorkerGauge(pool, config.taskQueuePrefix, workerGauge)),
    every('task-queue-gauges', 10_000, () => readTaskQueueGauges(pool, connection, config, taskQueueGauges)),
  ];
}

/** State, Temporal, and the databases of the outboxes that this process serves. */
function dependencyWatch(state: Pool, { config, registry, logger, connection, outboxes }: Shared): Service {
  const own = servedOutboxes(config).filter((outbox) => !isInState(outbox, config));
  const dependencies = [
    databaseDependency(state),
    ...own.map(({ name: outbox }) => databaseDependency(outboxes.of({ outbox }), outbox)),
    temporalDependency(connection, config.temporalNamespace),
  ];
  return new DependencyWatch(dependencies, createDependencyGauge(registry), logger);
}

/** `outboxes`: of the whole deployment, also those that this process does not serve: State keeps what one of them still has. */
export function composeStateHousekeeping(state: Pool, outboxes: OutboxPools, shared: Shared): Service {
  const { config, connection, logger, metrics } = shared;
  const guard = new DeploymentGuard({ pool: state, connection, settings: config, onRefusal: () => undefined });
  const namespace = config.temporalNamespace;
  return stateHousekeeping(
    {
      ...{ state, outboxes, logger, holder: shared.instanceId },
      retentionDays: config.retentionDays,
      keepDays: keepDays(config),
      // Nothing is deleted on the word of another deployment's Temporal.
      openRuns: () => guard.check().then(() => readOpenRuns(connection, { namespace })),
      isOpen: (eventId) => isRunOpen(connection, namespace, eventId),
    },
    metrics,
    choresOf(shared, { logger, settings: config }).reporting,
  );
}

import { auditSettings } from '../activities/audit/settings';
import { emitSettings } from '../activities/emit/settings';
import { feedSettings } from '../activities/feed/settings';
import { mediaSettings } from '../activities/media/settings';
import { notificationSettings } from '../activities/notify/settings';
import { type Effect, effectNames, effectOf } from '../contracts/effects';
import { maintenance } from '../contracts/maintenance';
import { type ConfigOf, type Setting, setting, sharedSettings } from '../runtime/config';
import { consoleUrlSetting } from '../runtime/console-page';
import { listeningSettings } from '../runtime/metrics-server';
import { outboxSettings } from '../runtime/outboxes';
import { buildSettings } from '../runtime/process-registry';
import { tracingSettings } from '../runtime/tracing';
import { workerDeploymentSettings } from './worker-deployment';

/** The queues of events, and the one of scheduled chores. */
export const workerQueueNames = [...effectNames, maintenance] as const;
export type WorkerQueue = (typeof workerQueueNames)[number];
const known = new Set<string>(workerQueueNames);

const workerQueues: Setting<readonly WorkerQueue[]> = {
  ...setting.list('WORKER_QUEUES', 'Task queues this process works on, comma-separated.', {
    fallback: workerQueueNames.join(','),
  }),
  allowed: `one or more of ${workerQueueNames.join(', ')}`,
  schema: setting
    .list('WORKER_QUEUES', '')
    .schema.refine((names): names is WorkerQueue[] => names.every((name) => known.has(name)))
    .transform((names) => [...new Set(names)]),
};

/** Slots of one queue's pool: a bulkhead, so that no effect takes another's. */
const concurrency = (queue: WorkerQueue, fallback: number) =>
  setting.integer(
    `${queue.toUpperCase()}_CONCURRENCY`,
    `Activities of the ${queue} queue at once in this process.`,
    { min: 1, max: 10_000 },
    { fallback: String(fallback) },
  );

const effectConcurrency = Object.fromEntries(
  effectNames.map((effect) => [`${effect}Concurrency`, concurrency(effect, effectOf(effect).slots)]),
) as Record<`${Effect}Concurrency`, Setting<number>>;

/** All settings of the workers. docs/configuration.md is generated from this table. */
export const workerSettings = {
  workerQueues,
  ...sharedSettings.database,
  ...outboxSettings,
  ...sharedSettings.temporal,
  ...sharedSettings.redis,
  ...sharedSettings.logging,
  ...listeningSettings,
  ...tracingSettings,
  ...consoleUrlSetting,
  ...buildSettings,
  ...workerDeploymentSettings,
  ...feedSettings,
  followsFromEvents: setting.boolean(
    'FOLLOWS_FROM_EVENTS',
    'follow.added and follow.removed write the table `follows`; false: a service of yours does.',
    { fallback: 'true' },
  ),
  ...mediaSettings,
  ...notificationSettings,
  ...emitSettings,
  ...auditSettings,
  kafkaCreateTopics: setting.boolean('KAFKA_CREATE_TOPICS', 'Create the topics that do not exist at the start.', {
    fallback: 'true',
  }),
  kafkaReplicationFactor: setting.integer(
    'KAFKA_REPLICATION_FACTOR',
    'Copies of each partition of a topic that is created; -1: the broker’s default.',
    { min: -1, max: 10 },
    { fallback: '-1' },
  ),
  kafkaLagGroups: setting.listOrEmpty(
    'KAFKA_LAG_GROUPS',
    'Consumer groups whose lag on the topics of events is a metric of workers of the maintenance queue: names, or beginnings that end with `*`, comma-separated; `*`: all that have read one of the topics; empty: none.',
    'names of groups or beginnings with `*`',
    { fallback: '*' },
  ),
  ...effectConcurrency,
  maintenanceConcurrency: concurrency(maintenance, 2),
  databaseConnections: setting.integer(
    'WORKER_DB_CONNECTIONS',
    'PostgreSQL connections of each effect in this process, at most; the Kafka emit needs 2 whatever this says.',
    { min: 1, max: 100 },
    { fallback: '8' },
  ),
  maxCachedWorkflows: setting.integer(
    'MAX_CACHED_WORKFLOWS',
    'Workflows kept in memory between their tasks, all queues together; some 600 fit into 1 GB.',
    { min: 10, max: 1_000_000 },
    { fallback: '1000' },
  ),
  shutdownGraceMs: setting.integer(
    'SHUTDOWN_GRACE_MS',
    'Time for running activities to finish after SIGTERM before they are cancelled, milliseconds.',
    { min: 0, max: 600_000 },
    { fallback: '10000' },
  ),
  workflowBundle: setting.optionalText(
    'WORKFLOW_BUNDLE',
    'File of the prebuilt workflow code; empty: the one that `npm run build` made, else it is made at the start.',
  ),
  healthPort: setting.integer(
    'WORKER_HEALTH_PORT',
    'Port of /healthz, /livez and /readyz: the last is 503 with the reason while no tasks are taken; with /metrics of the process itself. 0: none.',
    { min: 0, max: 65_535 },
    { fallback: '0' },
  ),
  metricsPort: setting.integer(
    'WORKER_METRICS_PORT',
    'Port of the Temporal SDK’s /metrics; 0: none.',
    { min: 0, max: 65_535 },
    { fallback: '0' },
  ),
} as const;

export type WorkerConfig = ConfigOf<typeof workerSettings>;

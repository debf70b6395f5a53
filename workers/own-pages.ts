import { type Registry } from 'prom-client';
import { topicsOf } from '../activities/emit/settings';
import { maintenance } from '../contracts/maintenance';
import {
  type Dependency,
  DependencyWatch,
  createDependencyGauge,
  databaseDependency,
  temporalDependency,
} from '../runtime/dependency-watch';
import { createKafka } from '../runtime/kafka';
import { KafkaAdmin } from '../runtime/kafka-admin';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { type Health, MetricsServer } from '../runtime/metrics-server';
import { Periodic } from '../runtime/periodic';
import { type Dependencies } from './dependencies';
import { type DeploymentGate } from './deployment-gate';
import { type FeedStoreWatch } from './feed-store-watch';
import { GroupLag } from './group-lag';
import { createOutboxGauge } from './outbox-gauge';
import { type OutboxGates } from './outbox-gates';
import { type WorkerConfig } from './settings';
import { type WorkerGroup } from './worker-group';

interface Parts {
  readonly config: WorkerConfig;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly dependencies: Dependencies;
  readonly workers: WorkerGroup;
  readonly gate: DeploymentGate;
  readonly outboxGates: OutboxGates;
  readonly watch: FeedStoreWatch;
}

/** A session with a mail server is more than a question; some limit how many there may be. */
const smtpEveryMs = 30_000;

/** The pages of a worker process on WORKER_HEALTH_PORT, and what looks at servers for them. Without the port there are none. */
export function ownPages({
  config,
  logger,
  registry,
  dependencies,
  workers,
  gate,
  outboxGates,
  watch,
}: Parts): Service[] {
  if (config.healthPort === 0) return [];
  createOutboxGauge(registry, dependencies.ownOutboxes);
  const health = (): Health => {
    const { ok, reason } = workers.health();
    const outbox = outboxGates.alarm;
    return {
      // Waits that end by themselves are a warning.
      ok: ok && gate.alarm === undefined && outbox?.code !== 'WRONG_DEPLOYMENT',
      reason: reason ?? gate.alarm ?? outbox?.message ?? watch.warning,
    };
  };
  const kafka = new KafkaAdmin(createKafka(config, 'nova-workers-looks', logger));
  return [
    { name: 'kafka-looks', start: async () => undefined, stop: async () => kafka.close() },
    new MetricsServer({
      ...{ host: config.metricsHost, port: config.healthPort, portSetting: 'WORKER_HEALTH_PORT' },
      ...{ registry, health, ready: () => workers.health() },
    }),
    new DependencyWatch(serversOf(dependencies, config, kafka), createDependencyGauge(registry), logger),
    ...lagLooks(config, kafka, registry, logger),
  ];
}

function serversOf(
  { pools, ownOutboxes, redis, temporal, channels }: Dependencies,
  { temporalNamespace: namespace }: WorkerConfig,
  kafka: KafkaAdmin,
): Dependency[] {
  const email = channels.get('email');
  return [
    databaseDependency(pools.identity),
    ...ownOutboxes.map(({ name, loads }) => databaseDependency(loads, name)),
    temporalDependency(temporal, namespace),
    { name: 'kafka', ask: () => kafka.ask((admin) => admin.describeCluster()) },
    { name: 'redis', ask: () => redis.ping() },
    ...(email?.check === undefined
      ? []
      : [{ name: 'smtp' as const, ask: () => email.check?.() ?? Promise.resolve(), everyMs: smtpEveryMs }]),
  ];
}

function lagLooks(config: WorkerConfig, kafka: KafkaAdmin, registry: Registry, logger: Logger): Service[] {
  if (config.kafkaLagGroups.length === 0 || !config.workerQueues.includes(maintenance)) return [];
  const topics = [...new Set(Object.values(topicsOf(config)))];
  const lag = new GroupLag({ kafka, topics, wanted: config.kafkaLagGroups, registry });
  return [new Periodic('consumer-lag', () => lag.look(), { logger, retryMs: 5_000 })];
}

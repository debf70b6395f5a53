import { type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';
import { createAuditGauges } from '../../outbox-bridge/audit-gauges';
import { createFeedStoreGauges } from '../../outbox-bridge/feed-store-gauges';
import { createBridgeMetrics } from '../../outbox-bridge/metrics';
import { createRunGauges } from '../../outbox-bridge/run-gauges';
import { createStateGauges } from '../../outbox-bridge/state-gauges';
import { createTaskQueueGauges } from '../../outbox-bridge/task-queue-gauges';
import { createPaceGauges } from '../../outbox-bridge/pace-gauges';
import { createWorkerGauge } from '../../outbox-bridge/worker-gauges';
import { createDeliveryGauges } from '../../outbox-bridge/waiting-deliveries';
import { createDependencyGauge } from '../../runtime/dependency-watch';
import { createBuildInfo } from '../../runtime/process-registry';
import { createEffectMetrics } from '../../workers/effect-metrics';
import { createGroupGauges } from '../../workers/group-lag';
import { createOutboxGauge } from '../../workers/outbox-gauge';
import { generated, table } from './markdown';

/** Figures that people look for by the names that other systems give them; a test compares the names of ours with those that there are. */
const otherNames: readonly (readonly [string, string, string])[] = [
  [
    'consumer lag by group',
    '`kafka_consumer_lag`; of the Kafka exporter `kafka_consumergroup_group_lag`, `kafka_consumergroup_lag`',
    '`max by (group, topic) (nova_consumer_group_lag)`',
  ],
  [
    'CDC lag',
    '`cdc_lag`, lag of Debezium',
    '`max by (outbox) (nova_outbox_oldest_pending_seconds)`: there is no CDC; bridges read the outbox',
  ],
  [
    'events lag',
    '`events_lag`',
    '`max by (outbox) (nova_outbox_oldest_unemitted_seconds)`: committed, not on Kafka yet',
  ],
  [
    'oldest row not published',
    '`outbox_oldest_unpublished_age`',
    '`max by (outbox, priority) (nova_outbox_oldest_pending_seconds)`',
  ],
  [
    'delay from the insert',
    '`insert_delay`, `event_latency`',
    '`nova_bridge_commit_to_start_seconds` to the start, `nova_commit_to_effect_seconds` to what people see',
  ],
  [
    'rate of duplicates dropped',
    '`dedupe_rate`',
    'none is made by the product: a start that finds its run, and a delivery that was made, change nothing. Of a subscriber: `duplicates` of its `counts()` ([subscribing](subscribing.md#lag-counts-and-the-end))',
  ],
  [
    'success rate of messages',
    '`push_success_rate`',
    '`sum by (channel) (rate(nova_deliveries_total{state="sent"}[5m])) / sum by (channel) (rate(nova_deliveries_total{state=~"sent|failed|unknown"}[5m]))`',
  ],
  ['feeds written per second', '`fanout_rate`', '`sum(rate(nova_feeds_written_total{change="added"}[5m]))`'],
  [
    'delay of consuming, p95',
    '`consume_delay`',
    '`histogram_quantile(0.95, sum by (le, effect) (rate(nova_commit_to_effect_seconds_bucket[5m])))`',
  ],
];

/** Every metric of ours, as bridges and workers have them. */
export function allMetrics(): Registry {
  const registry = new Registry();
  createBuildInfo(registry);
  createBridgeMetrics(registry);
  createAuditGauges(registry);
  createFeedStoreGauges(registry);
  createStateGauges(registry);
  createRunGauges(registry);
  createDeliveryGauges(registry);
  createTaskQueueGauges(registry);
  createPaceGauges(registry);
  createWorkerGauge(registry);
  createDependencyGauge(registry);
  createEffectMetrics(registry);
  createOutboxGauge(registry, []);
  createGroupGauges(registry);
  return registry;
}

/** Names of the labels of a metric of `allMetrics`; undefined: there is no such metric. */
export const labelNamesOf = (registry: Registry, name: string): readonly string[] | undefined =>
  (registry.getSingleMetric(name) as { labelNames?: readonly string[] } | undefined)?.labelNames;

/** docs/metrics.md: every metric of ours, its labels and meaning. */
export async function metricsPage(): Promise<string> {
  const registry = allMetrics();
  const metrics: MetricObjectWithValues<MetricValue<string>>[] = await registry.getMetricsAsJSON();
  return [
    '# Metrics',
    generated,
    'Every bridge has these in the Prometheus format at `/metrics` on `BRIDGE_METRICS_PORT`, with `/healthz`, `/livez` and `/readyz` beside it; what concerns the tables is the same from each. Workers have the metrics of the Temporal SDK on `WORKER_METRICS_PORT`, which the SDK serves by itself; on `WORKER_HEALTH_PORT` they have the same three pages, and at `/metrics` what they did, which servers reply to them, and the figures of the process. Scrape both. Those of the process itself (`process_*`, `nodejs_*`) stand beside `nova_build_info` in both processes and are not listed here. What to alarm on is in the [runbook](runbook.md).',
    table(
      ['metric', 'type', 'labels', 'meaning'],
      metrics.map(({ name, type, help }) => [
        `\`${name}\``,
        String(type),
        (labelNamesOf(registry, name) ?? []).map((label) => `\`${label}\``).join(', ') || '–',
        help,
      ]),
    ),
    '## What is asked for by other names',
    'Dashboards and requirements often name these figures otherwise. In the queries, `5m` is any range.',
    table(['asked for', 'also called', 'here'], otherNames),
    '',
  ].join('\n\n');
}

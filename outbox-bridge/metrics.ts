import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { latencyBuckets } from '../runtime/latency-buckets';

/**
 * With no label but that of the outbox. Dead letters are not among them: 0 until the first look would make those that there are look
 * like new ones after each start, and their alarm rings when they grow. Nor are the days ahead: 0 of them is an alarm.
 */
const plain: ReadonlySet<keyof AllMetrics> = new Set([
  ...(['claimed', 'leasesLost', 'inFlight', 'fruitlessClaims', 'fuseBlown'] as const),
  ...(['nudged', 'hottestRows', 'startedUnemitted', 'oldestUnemitted', 'deadHeads', 'heldAggregates'] as const),
  ...(['partitionsDropped', 'housekeepingAge'] as const),
]);

/**
 * The bridge's metrics; names and meanings are listed in docs/metrics.md. All but the window's have a label that names the outbox:
 * `metricsOf` gives it.
 *
 * @param pausedTypes how many, by outbox; asked at each scrape, so that the figure agrees with /healthz at any moment
 */
export function createBridgeMetrics(
  registry: Registry,
  pausedTypes: () => ReadonlyMap<string, number> = () => new Map(),
) {
  const registers = [registry];
  const labelNames = ['outbox'] as const;
  return {
    starts: new Counter({
      name: 'nova_bridge_starts_total',
      help: 'Starts tried, by event type and result (started or a failure code).',
      labelNames: ['event_type', 'result', 'outbox'] as const,
      registers,
    }),
    commitToStart: new Histogram({
      name: 'nova_bridge_commit_to_start_seconds',
      help: 'From created_at of the row to the accepted start.',
      labelNames: ['priority', 'outbox'] as const,
      buckets: latencyBuckets,
      registers,
    }),
    claimed: new Counter({ name: 'nova_bridge_claimed_rows_total', help: 'Rows leased.', labelNames, registers }),
    leasesLost: new Counter({
      name: 'nova_bridge_leases_lost_total',
      help: 'Rows whose lease was over when their end was written.',
      labelNames,
      registers,
    }),
    inFlight: new Gauge({
      name: 'nova_bridge_starts_in_flight',
      help: 'Aggregates with a start under way.',
      labelNames,
      registers,
    }),
    window: new Gauge({
      name: 'nova_bridge_start_window',
      help: 'Most aggregates that may have a start under way.',
      registers,
    }),
    outage: new Gauge({
      name: 'nova_bridge_outage',
      help: '1 while a dependency is down.',
      labelNames: ['code', 'outbox'] as const,
      registers,
    }),
    fruitlessClaims: new Gauge({
      name: 'nova_bridge_fruitless_claims',
      help: 'Claims in a row that led to no start: they failed, or every row was given back untried. From 3 on the bridge is stuck.',
      labelNames,
      registers,
    }),
    fuseBlown: new Gauge({
      name: 'nova_bridge_fuse_blown',
      help: '1 while starts of different aggregates fail alike and none succeeds: no failure counts against a row.',
      labelNames,
      registers,
    }),
    pausedTypes: new Gauge({
      name: 'nova_bridge_paused_types',
      help: 'Event types not claimed because the deployment would fail them, or because a person holds them back.',
      labelNames,
      registers,
      collect() {
        for (const [outbox, count] of pausedTypes()) this.set({ outbox }, count);
      },
    }),
    nudged: new Gauge({
      name: 'nova_bridge_nudged',
      help: '1 while nudges announce what is written, so that the outbox is polled rarely; 0: it is polled.',
      labelNames,
      registers,
    }),
    pending: new Gauge({
      name: 'nova_outbox_pending_rows',
      help: 'Rows neither started nor dead-lettered, counted up to 10,000 of each priority.',
      labelNames: ['priority', 'outbox'] as const,
      registers,
    }),
    oldestPending: new Gauge({
      name: 'nova_outbox_oldest_pending_seconds',
      help: 'Age of the first pending row.',
      labelNames: ['priority', 'outbox'] as const,
      registers,
    }),
    hottestRows: new Gauge({
      name: 'nova_outbox_hottest_aggregate_rows',
      help: 'Pending rows of the aggregate that has most of them, as seen in the first 10,000 pending rows. npx nova status names it.',
      labelNames,
      registers,
    }),
    startedUnemitted: new Gauge({
      name: 'nova_outbox_unemitted_rows',
      help: 'Rows that are started and not on Kafka yet, as seen in up to 10,000 that are not on Kafka.',
      labelNames,
      registers,
    }),
    oldestUnemitted: new Gauge({
      name: 'nova_outbox_oldest_unemitted_seconds',
      help: 'Age of the oldest of them; it grows while Kafka or the workers do not take them.',
      labelNames,
      registers,
    }),
    deadHeads: new Gauge({
      name: 'nova_outbox_dead_heads',
      help: 'Dead rows of outbox_heads, which every claim walks: above 100,000 look for a transaction that stays open.',
      labelNames,
      registers,
    }),
    deadLettered: new Gauge({
      name: 'nova_outbox_dead_lettered_rows',
      help: 'Rows given up, counted up to 10,000.',
      labelNames,
      registers,
    }),
    heldAggregates: new Gauge({
      name: 'nova_outbox_held_aggregates',
      help: 'Aggregates in which a dead letter holds back what follows it.',
      labelNames,
      registers,
    }),
    partitionsAhead: new Gauge({
      name: 'nova_outbox_partition_days_ahead',
      help: 'Days until a partition is missing and inserts fail; -1: they fail now. No series before the first look.',
      labelNames,
      registers,
    }),
    partitionsKept: new Gauge({
      name: 'nova_outbox_partitions_kept',
      help: 'Partitions past their retention that stay, by why (unpublished, unemitted, dead_lettered, young, …).',
      labelNames: ['reason', 'outbox'] as const,
      registers,
    }),
    partitionsDropped: new Counter({
      name: 'nova_outbox_partitions_dropped_total',
      help: 'Partitions dropped by this process.',
      labelNames,
      registers,
    }),
    rowsExpired: new Counter({
      name: 'nova_outbox_rows_expired_total',
      help: 'Rows deleted after their retention by this process.',
      labelNames: ['table', 'outbox'] as const,
      registers,
    }),
    housekeepingAge: new Gauge({
      name: 'nova_housekeeping_age_seconds',
      help: 'Since the housekeeping of the outbox last went well, in whatever process.',
      labelNames,
      registers,
    }),
  };
}

export type AllMetrics = ReturnType<typeof createBridgeMetrics>;
type Bound<M> = M extends Histogram
  ? Pick<Histogram<string>, 'observe'>
  : M extends Gauge
    ? Pick<Gauge<string>, 'set'>
    : Pick<Counter<string>, 'inc'>;

/** The metrics as one outbox counts them. */
export type BridgeMetrics = { readonly [K in keyof AllMetrics]: Bound<AllMetrics[K]> };

/** Those with no label of their own are there from now on, as 0. */
export function metricsOf(metrics: AllMetrics, outbox: string): BridgeMetrics {
  const label = { outbox };
  type Labels = Record<string, string | number>;
  const labelled =
    (call: (labels: Labels, value?: number) => void) =>
    (first?: number | Labels, value?: number): void =>
      typeof first === 'object' ? call({ ...first, ...label }, value) : call(label, first);
  const bound = Object.entries<Counter<string> | Gauge<string> | Histogram<string>>(metrics).map(([name, metric]) => {
    if (metric instanceof Histogram)
      return [name, { observe: labelled((labels, value = 0) => metric.observe(labels, value)) }];
    // What all outboxes share has no label.
    if (name === 'window') return [name, metric];
    const isPlain = plain.has(name as keyof AllMetrics);
    if (metric instanceof Counter) {
      if (isPlain) metric.inc(label, 0);
      return [name, { inc: labelled((labels, value) => metric.inc(labels, value)) }];
    }
    if (isPlain) metric.set(label, 0);
    return [name, { set: labelled((labels, value = 0) => metric.set(labels, value)) }];
  });
  return Object.fromEntries(bound) as BridgeMetrics;
}

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/**
 * The bridge's metrics; names and meanings are listed in docs/metrics.md.
 *
 * @param countPausedTypes asked at each scrape, so that the figure agrees with /healthz at any moment
 */
export function createBridgeMetrics(registry: Registry, countPausedTypes = () => 0) {
  const registers = [registry];
  return {
    starts: new Counter({
      name: 'nova_bridge_starts_total',
      help: 'Starts tried, by event type and result (started or a failure code).',
      labelNames: ['event_type', 'result'] as const,
      registers,
    }),
    commitToStart: new Histogram({
      name: 'nova_bridge_commit_to_start_seconds',
      help: 'From created_at of the row to the accepted start.',
      labelNames: ['priority'] as const,
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
      registers,
    }),
    claimed: new Counter({ name: 'nova_bridge_claimed_rows_total', help: 'Rows leased.', registers }),
    leasesLost: new Counter({
      name: 'nova_bridge_leases_lost_total',
      help: 'Rows whose lease was over when their end was written.',
      registers,
    }),
    inFlight: new Gauge({
      name: 'nova_bridge_starts_in_flight',
      help: 'Aggregates with a start under way.',
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
      labelNames: ['code'] as const,
      registers,
    }),
    fruitlessClaims: new Gauge({
      name: 'nova_bridge_fruitless_claims',
      help: 'Claims in a row that led to no start: they failed, or every row was given back untried. From 3 on the bridge is stuck.',
      registers,
    }),
    fuseBlown: new Gauge({
      name: 'nova_bridge_fuse_blown',
      help: '1 while starts of different aggregates fail alike and none succeeds: no failure counts against a row.',
      registers,
    }),
    pausedTypes: new Gauge({
      name: 'nova_bridge_paused_types',
      help: 'Event types not claimed because the deployment would fail them.',
      registers,
      collect() {
        this.set(countPausedTypes());
      },
    }),
    pending: new Gauge({
      name: 'nova_outbox_pending_rows',
      help: 'Rows neither started nor dead-lettered, counted up to 10,000 of each priority.',
      labelNames: ['priority'] as const,
      registers,
    }),
    oldestPending: new Gauge({
      name: 'nova_outbox_oldest_pending_seconds',
      help: 'Age of the first pending row.',
      labelNames: ['priority'] as const,
      registers,
    }),
    deadHeads: new Gauge({
      name: 'nova_outbox_dead_heads',
      help: 'Dead rows of outbox_heads, which every claim walks: above 100,000 look for a transaction that stays open.',
      registers,
    }),
    deadLettered: new Gauge({
      name: 'nova_outbox_dead_lettered_rows',
      help: 'Rows given up, counted up to 10,000.',
      registers,
    }),
    heldAggregates: new Gauge({
      name: 'nova_outbox_held_aggregates',
      help: 'Aggregates in which a dead letter holds back what follows it.',
      registers,
    }),
    partitionsAhead: new Gauge({
      name: 'nova_outbox_partition_days_ahead',
      help: 'Days until a partition is missing and inserts fail; -1: they fail now.',
      registers,
    }),
    partitionsKept: new Gauge({
      name: 'nova_outbox_partitions_kept',
      help: 'Partitions past their retention that stay, by why (unpublished, unemitted, dead_lettered, young, …).',
      labelNames: ['reason'] as const,
      registers,
    }),
    partitionsDropped: new Counter({
      name: 'nova_outbox_partitions_dropped_total',
      help: 'Partitions dropped by this process.',
      registers,
    }),
    rowsExpired: new Counter({
      name: 'nova_outbox_rows_expired_total',
      help: 'Rows deleted after their retention by this process.',
      labelNames: ['table'] as const,
      registers,
    }),
    housekeepingAge: new Gauge({
      name: 'nova_housekeeping_age_seconds',
      help: 'Since the housekeeping of the outbox last went well, in whatever process.',
      registers,
    }),
  };
}

export type BridgeMetrics = ReturnType<typeof createBridgeMetrics>;

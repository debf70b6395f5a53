import { type Pool } from 'pg';
import { priorityName } from '../contracts/priority';
import { pendingOfLanes, totals as totalsOf } from '../outbox/operators.sql';
import { type FeedStoreLine, feedStoreReport } from './feed-store-report';
import { type HeldAggregates, heldAggregates } from './held-aggregates';
import { type PartitionLine, partitionReport } from './partition-report';
import { skippedDeliveries } from './skipped-deliveries';

const bridges = `
  SELECT instance_id, state, reason, paused_types, extract(epoch FROM now() - heartbeat_at)::float8 AS seen_seconds_ago
  FROM nova.bridge_instances ORDER BY instance_id`;
export interface OutboxReport {
  readonly pending: readonly { priority: string; rows: number; oldestSeconds: number; withError: number }[];
  readonly bridges: readonly {
    instance: string;
    state: string;
    reason: string | null;
    pausedTypes: Record<string, string>;
    seenSecondsAgo: number;
  }[];
  readonly deadLettered: number;
  readonly held: HeldAggregates;
  readonly startedNotEmitted: number;
  readonly deliveriesUnknown: number;
  /** Messages of the last day that were not sent, by reason. */
  readonly deliveriesSkipped: Readonly<Record<string, number>>;
  readonly partitions: readonly PartitionLine[];
  readonly feedStores: readonly FeedStoreLine[];
}

/** What waits, where, and why: the state of the outbox at one glance. Ages in seconds. */
export async function outboxReport(pool: Pool, { retentionDays }: { retentionDays: number }): Promise<OutboxReport> {
  const [rows, instances, totals, partitions, deliveriesSkipped, feedStores, held] = await Promise.all([
    pool.query<{ priority: number; rows: number; oldest_seconds: number; with_error: number }>(pendingOfLanes),
    pool.query<{
      instance_id: string;
      state: string;
      reason: string | null;
      paused_types: Record<string, string>;
      seen_seconds_ago: number;
    }>(bridges),
    pool.query<{ dead_lettered: number; started_not_emitted: number; deliveries_unknown: number }>(totalsOf),
    partitionReport(pool, retentionDays),
    skippedDeliveries(pool),
    feedStoreReport(pool),
    heldAggregates(pool),
  ]);
  return {
    pending: rows.rows.map((row) => ({
      priority: priorityName(row.priority),
      rows: row.rows,
      oldestSeconds: row.oldest_seconds,
      withError: row.with_error,
    })),
    bridges: instances.rows.map((row) => ({
      instance: row.instance_id,
      state: row.state,
      reason: row.reason,
      pausedTypes: row.paused_types,
      seenSecondsAgo: row.seen_seconds_ago,
    })),
    deadLettered: totals.rows[0]?.dead_lettered ?? 0,
    held,
    startedNotEmitted: totals.rows[0]?.started_not_emitted ?? 0,
    deliveriesUnknown: totals.rows[0]?.deliveries_unknown ?? 0,
    deliveriesSkipped,
    partitions,
    feedStores,
  };
}

import { type Pool } from 'pg';
import { priorityName } from '../contracts/priority';
import { housekeepingChore } from './housekeeping/housekeeping';
import { type KeepReason, keepReasons } from './housekeeping/partitions';
import { type BridgeMetrics } from './metrics';

const pendingByPriority = `
  SELECT lane.priority, pending.rows, pending.oldest_seconds FROM generate_series(0, 3) AS lane(priority)
  CROSS JOIN LATERAL (
    SELECT count(*) AS rows, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_seconds
    FROM nova.outbox_events o WHERE o.priority = lane.priority AND o.published_at IS NULL AND o.dead_lettered_at IS NULL) pending`;

const deadLettered = `SELECT count(*) AS rows FROM nova.outbox_events WHERE dead_lettered_at IS NOT NULL`;

const held = `SELECT count(DISTINCT aggregate_id) AS aggregates FROM nova.outbox_holds`;

/** Every bridge shows it, whichever process did it last: an alarm must not depend on which one is asked. */
const housekeeping = `
  SELECT extract(epoch FROM clock_timestamp() - last_done_at)::float8 AS age_seconds, report -> 'kept' AS kept
  FROM nova.chores WHERE name = '${housekeepingChore}'`;

/** Depth and age of the outbox, read from the indexes of pending and dead rows, and the state of housekeeping. */
export async function readOutboxGauges(pool: Pool, metrics: BridgeMetrics): Promise<void> {
  const pending = await pool.query<{ priority: number; rows: number; oldest_seconds: number }>(pendingByPriority);
  for (const row of pending.rows) {
    const labels = { priority: priorityName(row.priority) };
    metrics.pending.set(labels, row.rows);
    metrics.oldestPending.set(labels, row.oldest_seconds);
  }
  const dead = await pool.query<{ rows: number }>(deadLettered);
  metrics.deadLettered.set(dead.rows[0]?.rows ?? 0);
  const holds = await pool.query<{ aggregates: number }>(held);
  metrics.heldAggregates.set(holds.rows[0]?.aggregates ?? 0);
  type Row = { age_seconds: number | null; kept: Record<string, Partial<Record<KeepReason, number>>> | null };
  const kept = (await pool.query<Row>(housekeeping)).rows[0];
  if (typeof kept?.age_seconds === 'number') metrics.housekeepingAge.set(kept.age_seconds);
  for (const reason of Object.keys(keepReasons) as KeepReason[]) {
    const partitions = Object.values(kept?.kept ?? {}).filter((reasons) => reasons[reason] !== undefined);
    metrics.partitionsKept.set({ reason }, partitions.length);
  }
}

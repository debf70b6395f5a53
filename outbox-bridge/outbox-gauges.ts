import { type Pool } from 'pg';
import { priorityName } from '../contracts/priority';
import { limitedQuery } from '../runtime/limited-query';
import { housekeepingChore } from './housekeeping/housekeeping';
import { type KeepReason, keepReasons } from './housekeeping/partitions';
import { type BridgeMetrics } from './metrics';

/** The gauges are read again after five seconds. */
const patience = { serverMs: 4_000, waitMs: 5_000 };

/** Counted no further than this: more is a backlog, and to count one of a million every five seconds would be a load of its own. */
const countedTo = 10_000;

/**
 * $1 counted to. Sequences follow the order of the commits but for moments, so the first row is as old as any. The order makes the
 * planner read by priority: without it, a lane that has no rows cost a walk over all rows of the others.
 */
const pendingByPriority = `
  SELECT lane.priority,
    (SELECT count(*) FROM (SELECT FROM nova.outbox_events o
       WHERE o.priority = lane.priority AND o.published_at IS NULL AND o.dead_lettered_at IS NULL
       ORDER BY o.sequence LIMIT $1) front) AS rows,
    coalesce((SELECT extract(epoch FROM clock_timestamp() - o.created_at) FROM nova.outbox_events o
       WHERE o.priority = lane.priority AND o.published_at IS NULL AND o.dead_lettered_at IS NULL
       ORDER BY o.sequence LIMIT 1), 0)::float8 AS oldest_seconds
  FROM generate_series(0, 3) AS lane(priority)`;

/** What an open transaction, or a vacuum that does not come, leaves in the way of every claim. */
const deadHeads = `SELECT n_dead_tup AS rows FROM pg_stat_user_tables WHERE relid = 'nova.outbox_heads'::regclass`;

/** $1 counted to; ordered, so that without statistics, too, the index of dead letters is read and no history. */
const deadLettered = `
  SELECT count(*) AS rows
  FROM (SELECT FROM nova.outbox_events WHERE dead_lettered_at IS NOT NULL ORDER BY dead_lettered_at LIMIT $1) dead`;

const held = `SELECT count(DISTINCT aggregate_id) AS aggregates FROM nova.outbox_holds`;

/** Every bridge shows it, whichever process did it last: an alarm must not depend on which one is asked. */
const housekeeping = `
  SELECT extract(epoch FROM clock_timestamp() - last_done_at)::float8 AS age_seconds, report -> 'kept' AS kept
  FROM nova.chores WHERE name = '${housekeepingChore}'`;

/** Depth and age of the outbox, read from the indexes of pending and dead rows, and the state of housekeeping. */
export async function readOutboxGauges(pool: Pool, metrics: BridgeMetrics, upTo = countedTo): Promise<void> {
  type Lane = { priority: number; rows: number; oldest_seconds: number };
  const pending = await limitedQuery<Lane>(pool, { text: pendingByPriority, values: [upTo] }, patience);
  for (const row of pending.rows) {
    const labels = { priority: priorityName(row.priority) };
    metrics.pending.set(labels, row.rows);
    metrics.oldestPending.set(labels, row.oldest_seconds);
  }
  const heads = await pool.query<{ rows: number }>(deadHeads);
  metrics.deadHeads.set(heads.rows[0]?.rows ?? 0);
  const dead = await pool.query<{ rows: number }>(deadLettered, [upTo]);
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

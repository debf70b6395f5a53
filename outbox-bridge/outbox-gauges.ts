import { type Pool } from 'pg';
import { priorityName } from '../contracts/priority';
import { type BridgeMetrics } from './metrics';

const pendingByPriority = `
  SELECT lane.priority, pending.rows, pending.oldest_seconds FROM generate_series(0, 3) AS lane(priority)
  CROSS JOIN LATERAL (
    SELECT count(*) AS rows, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_seconds
    FROM outbox_events o WHERE o.priority = lane.priority AND o.published_at IS NULL AND o.dead_lettered_at IS NULL) pending`;

const deadLettered = `SELECT count(*) AS rows FROM outbox_events WHERE dead_lettered_at IS NOT NULL`;

/** Makes partitions ahead and answers for how many days inserts are safe. */
const keepPartitions = `
  SELECT outbox_ensure_partitions($1), (
    SELECT max(to_date(right(c.relname, 8), 'YYYYMMDD')) - (now() AT TIME ZONE 'UTC')::date
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'outbox_events'::regclass AND c.relname ~ '_[0-9]{8}$') AS days_ahead`;

/** Depth and age of the outbox, read from the indexes of pending and dead rows. */
export async function readOutboxGauges(pool: Pool, metrics: BridgeMetrics): Promise<void> {
  const pending = await pool.query<{ priority: number; rows: number; oldest_seconds: number }>(pendingByPriority);
  for (const row of pending.rows) {
    const labels = { priority: priorityName(row.priority) };
    metrics.pending.set(labels, row.rows);
    metrics.oldestPending.set(labels, row.oldest_seconds);
  }
  const dead = await pool.query<{ rows: number }>(deadLettered);
  metrics.deadLettered.set(dead.rows[0]?.rows ?? 0);
}

/** A missing partition fails the business transactions, so they are made long before they are needed. */
export async function keepPartitionsAhead(pool: Pool, metrics: BridgeMetrics, daysAhead: number): Promise<void> {
  const { rows } = await pool.query<{ days_ahead: number }>(keepPartitions, [daysAhead]);
  metrics.partitionsAhead.set(rows[0]?.days_ahead ?? 0);
}

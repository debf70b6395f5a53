import { type Pool } from 'pg';
import { priorityName } from '../contracts/priority';
import * as sql from '../outbox/bridge.sql';
import { lastHousekeeping } from '../outbox/partitions.sql';
import { limitedQuery } from '../runtime/limited-query';
import { type KeepReason, keepReasons } from '../outbox/housekeeping/partitions';
import { type BridgeMetrics } from './metrics';

/** The gauges are read again after five seconds. */
const patience = { serverMs: 4_000, waitMs: 5_000 };

/** Counted no further than this: more is a backlog, and to count one of a million every five seconds would be a load of its own. */
const countedTo = 10_000;

/** Depth and age of the outbox, read from the indexes of pending and dead rows, and the state of housekeeping. */
export async function readOutboxGauges(pool: Pool, metrics: BridgeMetrics, upTo = countedTo): Promise<void> {
  type Lane = { priority: number; rows: number; oldest_seconds: number };
  const pending = await limitedQuery<Lane>(pool, { text: sql.pendingByPriority, values: [upTo] }, patience);
  for (const row of pending.rows) {
    const labels = { priority: priorityName(row.priority) };
    metrics.pending.set(labels, row.rows);
    metrics.oldestPending.set(labels, row.oldest_seconds);
  }
  const hottest = await limitedQuery<{ rows: number }>(pool, { text: sql.hottestRows, values: [upTo] }, patience);
  metrics.hottestRows.set(hottest.rows[0]?.rows ?? 0);
  type Front = { rows: number; oldest_seconds: number };
  const front = (await limitedQuery<Front>(pool, { text: sql.startedNotEmitted, values: [upTo] }, patience)).rows[0];
  metrics.startedUnemitted.set(front?.rows ?? 0);
  metrics.oldestUnemitted.set(front?.oldest_seconds ?? 0);
  const heads = await pool.query<{ rows: number }>(sql.deadHeads);
  metrics.deadHeads.set(heads.rows[0]?.rows ?? 0);
  const dead = await pool.query<{ rows: number }>(sql.deadLettered, [upTo]);
  metrics.deadLettered.set(dead.rows[0]?.rows ?? 0);
  const holds = await pool.query<{ aggregates: number }>(sql.heldAggregates);
  metrics.heldAggregates.set(holds.rows[0]?.aggregates ?? 0);
  type Row = { age_seconds: number | null; kept: Record<string, Partial<Record<KeepReason, number>>> | null };
  const kept = (await pool.query<Row>(lastHousekeeping)).rows[0];
  if (typeof kept?.age_seconds === 'number') metrics.housekeepingAge.set(kept.age_seconds);
  for (const reason of Object.keys(keepReasons) as KeepReason[]) {
    const partitions = Object.values(kept?.kept ?? {}).filter((reasons) => reasons[reason] !== undefined);
    metrics.partitionsKept.set({ reason }, partitions.length);
  }
}

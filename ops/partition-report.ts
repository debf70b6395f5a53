import { type Pool } from 'pg';

export interface PartitionLine {
  readonly name: string;
  /** RFC 3339; null: no end. */
  readonly from: string | null;
  readonly to: string | null;
  /** As PostgreSQL estimated when it last analyzed it. */
  readonly rows: number;
  readonly unpublished: number;
  readonly notEmitted: number;
  readonly deadLettered: number;
  /** From when on it goes if nothing in it is left to do; null: its rows go one by one. */
  readonly droppableFrom: string | null;
  /** Half-way out. */
  readonly detachPending: boolean;
  /** Old enough and kept, by the last housekeeping: how many rows for which reason. */
  readonly kept: Record<string, number> | null;
}

const instant = (value: string): string => `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

/** Counted by the partial indexes, so a table of any size is looked at in no time. $1 retention in days */
const select = `
  WITH unpublished AS (
    SELECT tableoid AS oid, count(*) AS rows FROM nova.outbox_events WHERE published_at IS NULL AND dead_lettered_at IS NULL GROUP BY 1
  ), not_emitted AS (
    SELECT tableoid AS oid, count(*) AS rows FROM nova.outbox_events
    WHERE emitted_at IS NULL AND dead_lettered_at IS NULL AND published_at IS NOT NULL GROUP BY 1
  ), dead AS (
    SELECT tableoid AS oid, count(*) AS rows FROM nova.outbox_events WHERE dead_lettered_at IS NOT NULL GROUP BY 1
  ), kept AS (
    SELECT d.key AS name, d.value AS reasons FROM nova.chores, jsonb_each(coalesce(report -> 'kept', '{}')) AS d WHERE chores.name = 'housekeeping'
  )
  SELECT p.name, ${instant('p.lower_bound')} AS "from", ${instant('p.upper_bound')} AS "to", p.estimated_rows AS rows,
    coalesce(unpublished.rows, 0) AS unpublished, coalesce(not_emitted.rows, 0) AS "notEmitted",
    coalesce(dead.rows, 0) AS "deadLettered", p.detach_pending AS "detachPending", kept.reasons AS kept,
    CASE WHEN p.lower_bound IS NOT NULL THEN ${instant('(p.upper_bound + make_interval(days => $1))')} END AS "droppableFrom"
  FROM nova.outbox_partitions p
  LEFT JOIN unpublished USING (oid) LEFT JOIN not_emitted USING (oid) LEFT JOIN dead USING (oid) LEFT JOIN kept USING (name)
  ORDER BY p.lower_bound NULLS FIRST`;

/** The partitions of the outbox, the oldest first: what is in them and when they may go. */
export async function partitionReport(pool: Pool, retentionDays: number): Promise<PartitionLine[]> {
  return (await pool.query<PartitionLine>(select, [retentionDays])).rows;
}

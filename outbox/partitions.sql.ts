import { rfc3339 } from '../runtime/sql-time';
import { dead, emitted, pending, startedUnemitted } from './states.sql';

/** Its name without the schema: housekeeping counts by it what it deletes of the table. */
export const outboxTable = 'outbox_events';

/** Where rows dated before the first day go. Never dropped: its rows are deleted one by one. */
export const pastPartition = `${outboxTable}_past`;

/** What housekeeping is called in the table of chores. */
export const housekeepingChore = 'housekeeping';

/** How long ago its last turn ended, and which days that kept. Every bridge shows it, whichever process did it. */
export const lastHousekeeping = `
  SELECT extract(epoch FROM clock_timestamp() - last_done_at)::float8 AS age_seconds, report -> 'kept' AS kept
  FROM nova.chores WHERE name = '${housekeepingChore}'`;

/** Safe as an identifier: made by us, from a date. @throws Error for another name */
function quoted(name: string): string {
  if (!/^outbox_events_[a-z0-9_]+$/.test(name)) throw new Error(`not a partition of the outbox: ${name}`);
  return `"${name}"`;
}

/** Whether this login may take days out: PostgreSQL lets the owner of a table do it and no other role. */
export const ownsOutbox = `SELECT pg_has_role(relowner, 'USAGE') AS owns FROM pg_class WHERE oid = 'nova.outbox_events'::regclass`;

/** Days that ended $1 days ago or earlier, the oldest first. */
export const dueDays = `
  SELECT name, lower_bound::text AS "lowerBound", upper_bound::text AS "upperBound", detach_pending AS "detachPending"
  FROM nova.outbox_partitions
  WHERE name <> '${pastPartition}' AND lower_bound IS NOT NULL AND NOT detach_pending
    AND upper_bound <= clock_timestamp() - make_interval(days => $1)
  ORDER BY lower_bound`;

/**
 * The reasons against dropping a partition. Each by an index of it, so that looking again every hour costs nothing. $1 retention in
 * days, $2 events with an open run, $3 and $4 events that State says have open deliveries, or a run that ended badly
 */
export const reasonsToKeep = (partition: string): string => {
  const rows = `SELECT count(*) FROM nova.${quoted(partition)} WHERE`;
  return `
  SELECT
    (${rows} ${pending()}) AS unpublished,
    (${rows} ${startedUnemitted()}) AS unemitted,
    (${rows} ${dead()}) AS dead_lettered,
    (${rows} published_at > clock_timestamp() - make_interval(days => $1)) AS young,
    (${rows} id = ANY ($3::uuid[])) AS open_deliveries,
    (${rows} id = ANY ($4::uuid[])) AS failed_runs,
    (${rows} id = ANY ($2::uuid[])) AS open_runs`;
};

/** A few rows of a partition among the events of $1. */
export const examplesIn = (partition: string): string => `
  SELECT DISTINCT o.id::text AS id FROM nova.${quoted(partition)} o WHERE o.id = ANY ($1::uuid[]) ORDER BY 1 LIMIT 3`;

/** Makes no insert wait, whatever reads the table. Not in a transaction. */
export const detachDay = (partition: string): string =>
  `ALTER TABLE nova.outbox_events DETACH PARTITION nova.${quoted(partition)} CONCURRENTLY`;

/** The second half of a detach; waits for every older snapshot, and meanwhile lets inserts pass but no new partition. */
export const finalizeDetach = (partition: string): string =>
  `ALTER TABLE nova.outbox_events DETACH PARTITION nova.${quoted(partition)} FINALIZE`;

export const attachDay = (day: { readonly name: string; readonly lowerBound: string; readonly upperBound: string }) =>
  `ALTER TABLE nova.outbox_events ATTACH PARTITION nova.${quoted(day.name)} FOR VALUES FROM ('${day.lowerBound}') TO ('${day.upperBound}')`;

export const lockDay = (partition: string): string => `LOCK TABLE nova.${quoted(partition)} IN ACCESS EXCLUSIVE MODE`;
export const countDay = (partition: string): string => `SELECT count(*) AS rows FROM nova.${quoted(partition)}`;
export const dropDetachedDay = (partition: string): string => `DROP TABLE nova.${quoted(partition)}`;

/**
 * The partition of everything before the first day has no end to wait for: its rows go one by one, by the same rules.
 * $1 retention in days, $2 events that Temporal or State needs
 */
export const deletePastRows = (limit: number): string => `
  DELETE FROM nova.${pastPartition} WHERE ctid IN (
    SELECT o.ctid FROM nova.${pastPartition} o
    WHERE o.published_at <= clock_timestamp() - make_interval(days => $1)
      AND ${emitted('o.')} AND o.dead_lettered_at IS NULL AND o.id <> ALL ($2::uuid[])
    LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;

/** Whether the partition of the past, $1, reaches up to the first day that is left. */
export const pastReaches = `
  SELECT coalesce(max(upper_bound) FILTER (WHERE name = $1) >= min(lower_bound) FILTER (WHERE name <> $1), true) AS reaches
  FROM nova.outbox_partitions`;

/** The days that are left, half-way out or not. */
export const keptDays = `
  SELECT ${rfc3339('lower_bound')} AS "from", ${rfc3339('upper_bound')} AS "to"
  FROM nova.outbox_partitions WHERE lower_bound IS NOT NULL`;

/**
 * Places in the lists of what is asked for of which a row is left, and whether a day is half-way out: its rows are in no query
 * then, though they may come back. One statement, one view of both. OFFSET 0: without it the planner may hash the whole outbox for
 * a batch instead of probing an index per row.
 */
const rowsLeft = (asked: { readonly lists: string; readonly columns: string }, isOf: string): string => `
  SELECT EXISTS (SELECT FROM nova.outbox_partition_drops WHERE dropped_at IS NULL)
      OR EXISTS (SELECT FROM nova.outbox_partitions WHERE detach_pending) AS "halfWay",
    ARRAY (SELECT (asked.place - 1)::integer FROM unnest(${asked.lists}) WITH ORDINALITY AS asked (${asked.columns}, place)
      WHERE EXISTS (SELECT 1 FROM nova.outbox_events o WHERE ${isOf} OFFSET 0)) AS "left"`;

/** $1 ids of events */
export const eventsLeft = rowsLeft({ lists: '$1::uuid[]', columns: 'id' }, 'o.id = asked.id');

/** $1 aggregates, $2 sequences: of each a row of the aggregate with that sequence or a lower one */
export const earlierEventsLeft = rowsLeft(
  { lists: '$1::uuid[], $2::bigint[]', columns: 'aggregate_id, sequence' },
  'o.aggregate_id = asked.aggregate_id AND o.sequence <= asked.sequence',
);

const instant = (value: string): string => `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
const countedByPartition = (condition: string): string =>
  `SELECT tableoid AS oid, count(*) AS rows FROM nova.outbox_events WHERE ${condition} GROUP BY 1`;

/** Counted by the partial indexes, so the cost does not grow with the table. $1 retention in days */
export const partitionLines = `
  WITH unpublished AS (
    ${countedByPartition(pending())}
  ), not_emitted AS (
    ${countedByPartition(startedUnemitted())}
  ), dead AS (
    ${countedByPartition(dead())}
  ), kept AS (
    SELECT d.key AS name, d.value AS reasons FROM nova.chores, jsonb_each(coalesce(report -> 'kept', '{}')) AS d WHERE chores.name = '${housekeepingChore}'
  )
  SELECT p.name, ${instant('p.lower_bound')} AS "from", ${instant('p.upper_bound')} AS "to", p.estimated_rows AS rows,
    coalesce(unpublished.rows, 0) AS unpublished, coalesce(not_emitted.rows, 0) AS "notEmitted",
    coalesce(dead.rows, 0) AS "deadLettered", p.detach_pending AS "detachPending", kept.reasons AS kept,
    CASE WHEN p.lower_bound IS NOT NULL THEN ${instant('(p.upper_bound + make_interval(days => $1))')} END AS "droppableFrom"
  FROM nova.outbox_partitions p
  LEFT JOIN unpublished USING (oid) LEFT JOIN not_emitted USING (oid) LEFT JOIN dead USING (oid) LEFT JOIN kept USING (name)
  ORDER BY p.lower_bound NULLS FIRST`;

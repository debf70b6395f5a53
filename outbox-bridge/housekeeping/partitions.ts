import { type Database } from '../../runtime/postgres';

/** Where rows dated before the first day go. Never dropped: its rows are deleted one by one. */
export const pastPartition = 'outbox_events_past';

/** A day of the outbox. Bounds as PostgreSQL writes them, so that nothing is lost to a coarser clock. */
export interface DayPartition {
  readonly name: string;
  readonly lowerBound: string;
  readonly upperBound: string;
  /** A detach was begun and not finished; no query sees its rows. */
  readonly detachPending: boolean;
}

/** Why a partition that is old enough stays. */
export const keepReasons = {
  unpublished: 'rows not published',
  unemitted: 'rows not emitted to Kafka',
  dead_lettered: 'dead letters',
  young: 'rows published too short a time ago',
  open_deliveries: 'events with deliveries not finished',
  failed_runs: 'events whose run ended badly, replay or acknowledge them',
  open_runs: 'events whose workflow is still open',
  runs_unknown: 'event runs cannot be counted while Temporal does not reply',
  not_owner: 'day left to a login that owns the outbox: `npm run ops -- housekeeping`',
} as const;

export type KeepReason = keyof typeof keepReasons;
/** How many rows, for each reason there is. Empty: it may go. */
export type Reasons = Partial<Record<KeepReason, number>>;

const selectDue = `
  SELECT name, lower_bound::text AS "lowerBound", upper_bound::text AS "upperBound", detach_pending AS "detachPending"
  FROM nova.outbox_partitions
  WHERE name <> '${pastPartition}' AND lower_bound IS NOT NULL AND NOT detach_pending
    AND upper_bound <= clock_timestamp() - make_interval(days => $1)
  ORDER BY lower_bound`;

/** Days that ended `retentionDays` ago or earlier, the oldest first. */
export async function dueDays(database: Database, retentionDays: number): Promise<DayPartition[]> {
  return (await database.query<DayPartition>(selectDue, [retentionDays])).rows;
}

/**
 * Whether this login may take days out: PostgreSQL lets the owner of a table do it and no other role, and an owner of a table
 * can do anything with it, so a bridge is not meant to.
 */
export async function ownsOutbox(database: Database): Promise<boolean> {
  const { rows } = await database.query<{ owns: boolean }>(
    `SELECT pg_has_role(relowner, 'USAGE') AS owns FROM pg_class WHERE oid = 'nova.outbox_events'::regclass`,
  );
  return rows[0]?.owns === true;
}

/** Safe as an identifier: made by us, from a date. */
export function quoted(name: string): string {
  if (!/^outbox_events_[a-z0-9_]+$/.test(name)) throw new Error(`not a partition of the outbox: ${name}`);
  return `"${name}"`;
}

/** Events whose run ended badly, and neither a better run nor a person has ended that: a replay needs the row. */
export const openFailedRuns = `
  SELECT left(f.event_id, 36)::uuid FROM nova.audit_findings f
  WHERE f.kind = 'failed_run' AND f.resolved_at IS NULL AND f.acknowledged_at IS NULL AND f.event_id ~ '^[0-9a-f-]{36}'`;

/** Each by a partial index of the partition, so that looking again every hour costs nothing. $1 retention in days */
const selectReasons = (table: string): string => `
  SELECT
    (SELECT count(*) FROM nova.${table} WHERE published_at IS NULL AND dead_lettered_at IS NULL) AS unpublished,
    (SELECT count(*) FROM nova.${table} WHERE emitted_at IS NULL AND dead_lettered_at IS NULL AND published_at IS NOT NULL) AS unemitted,
    (SELECT count(*) FROM nova.${table} WHERE dead_lettered_at IS NOT NULL) AS dead_lettered,
    (SELECT count(*) FROM nova.${table} WHERE published_at > clock_timestamp() - make_interval(days => $1)) AS young,
    (SELECT count(DISTINCT o.id) FROM nova.notification_deliveries d JOIN nova.${table} o ON o.id = d.event_id
     WHERE d.state IN ('pending', 'claimed')) AS open_deliveries,
    (SELECT count(*) FROM nova.${table} WHERE id = ANY (ARRAY (${openFailedRuns}))) AS failed_runs,
    (SELECT count(*) FROM nova.${table} WHERE id = ANY ($2::uuid[])) AS open_runs`;

/** Event ids of open runs, or 'unknown' when Temporal does not reply. */
export type OpenRuns = readonly string[] | 'unknown';

/** Everything that speaks against dropping a day's partition (or a table that was one). */
export async function reasonsToKeep(
  database: Database,
  name: string,
  options: { retentionDays: number; openRuns: OpenRuns },
): Promise<Reasons> {
  const { retentionDays, openRuns } = options;
  const ids = openRuns === 'unknown' ? [] : openRuns;
  const { rows } = await database.query<Record<KeepReason, number>>(selectReasons(quoted(name)), [retentionDays, ids]);
  const counts = { ...rows[0], ...(openRuns === 'unknown' ? { runs_unknown: 1 } : {}) };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** For people: `3 dead letters, 1 rows not published`. */
export function explained(reasons: Reasons): string {
  return Object.entries(reasons)
    .map(([reason, count]) => `${count} ${keepReasons[reason as KeepReason]}`)
    .join(', ');
}

const selectExamples = (table: string): string => `
  SELECT DISTINCT o.id::text AS id FROM nova.${table} o
  WHERE o.id IN (SELECT event_id FROM nova.notification_deliveries WHERE state IN ('pending', 'claimed'))
     OR o.id IN (${openFailedRuns}) ORDER BY 1 LIMIT 3`;

/** Events that keep a partition by their deliveries or their run: a few, so that a person knows where to begin. */
export async function examplesOf(database: Database, name: string, reasons: Reasons): Promise<string[]> {
  if (reasons.open_deliveries === undefined && reasons.failed_runs === undefined) return [];
  return (await database.query<{ id: string }>(selectExamples(quoted(name)))).rows.map(({ id }) => id);
}

import { type Database } from '../../runtime/postgres';
import * as sql from '../partitions.sql';

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
  unpublished: 'rows not started',
  unemitted: 'rows not emitted to Kafka',
  dead_lettered: 'dead letters',
  young: 'rows started too short a time ago',
  open_deliveries: 'events with deliveries not finished',
  failed_runs: 'events whose run ended badly, replay or acknowledge them',
  open_runs: 'events whose workflow is still open',
  runs_unknown: 'event runs cannot be counted while Temporal does not reply',
  not_owner: 'day left to a login that owns the outbox: `npm run ops -- housekeeping`',
} as const;

export type KeepReason = keyof typeof keepReasons;
/** How many rows, for each reason there is. Empty: it may go. */
export type Reasons = Partial<Record<KeepReason, number>>;

/** Days that ended `retentionDays` ago or earlier, the oldest first. */
export async function dueDays(database: Database, retentionDays: number): Promise<DayPartition[]> {
  return (await database.query<DayPartition>(sql.dueDays, [retentionDays])).rows;
}

/**
 * Whether this login may take days out: PostgreSQL lets the owner of a table do it and no other role, and an owner of a table
 * can do anything with it, so a bridge is not meant to.
 */
export async function ownsOutbox(database: Database): Promise<boolean> {
  const { rows } = await database.query<{ owns: boolean }>(sql.ownsOutbox);
  return rows[0]?.owns === true;
}

/** Event ids of open runs, or 'unknown' when Temporal does not reply. */
export type OpenRuns = readonly string[] | 'unknown';

/** All reasons against dropping a day's partition (or a table that was one). */
export async function reasonsToKeep(
  database: Database,
  name: string,
  options: { retentionDays: number; openRuns: OpenRuns },
): Promise<Reasons> {
  const { retentionDays, openRuns } = options;
  const ids = openRuns === 'unknown' ? [] : openRuns;
  const { rows } = await database.query<Record<KeepReason, number>>(sql.reasonsToKeep(name), [retentionDays, ids]);
  const counts = { ...rows[0], ...(openRuns === 'unknown' ? { runs_unknown: 1 } : {}) };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** For people: `3 dead letters, 1 rows not started`. */
export function explained(reasons: Reasons): string {
  return Object.entries(reasons)
    .map(([reason, count]) => `${count} ${keepReasons[reason as KeepReason]}`)
    .join(', ');
}

/** Events that keep a partition by their deliveries or their run: a few, so that a person knows where to begin. */
export async function examplesOf(database: Database, name: string, reasons: Reasons): Promise<string[]> {
  if (reasons.open_deliveries === undefined && reasons.failed_runs === undefined) return [];
  return (await database.query<{ id: string }>(sql.examplesIn(name))).rows.map(({ id }) => id);
}

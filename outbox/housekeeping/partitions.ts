import { type Database } from '../../runtime/postgres';
import * as sql from '../partitions.sql';
import { type NeededEvents } from './needed-events';

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
  state_unknown: 'day kept until State says which events it needs: it does not reply, or says too many',
  not_owner: 'day left to a login that owns the outbox: `npx nova housekeeping`',
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

/** Who needs rows of the outbox, as ids of events. */
export interface Needs {
  readonly openRuns: OpenRuns;
  readonly state: NeededEvents;
}

/**
 * Asks Temporal, and then State. In this order: a run that is not among the open ones has ended, and what it left in State was
 * there before State was asked.
 */
export async function readNeeds(from: {
  readonly openRuns: () => Promise<OpenRuns>;
  readonly neededByState: () => Promise<NeededEvents>;
}): Promise<Needs> {
  const openRuns = await from.openRuns();
  return { openRuns, state: await from.neededByState() };
}

const noneNeeded = { openDeliveries: [], failedRuns: [] };

/** All reasons against dropping a day's partition (or a table that was one). */
export async function reasonsToKeep(
  outbox: Database,
  name: string,
  { retentionDays, needs }: { retentionDays: number; needs: Needs },
): Promise<Reasons> {
  const openRuns = needs.openRuns === 'unknown' ? [] : needs.openRuns;
  const { openDeliveries, failedRuns } = needs.state === 'unknown' ? noneNeeded : needs.state;
  const values = [retentionDays, openRuns, openDeliveries, failedRuns];
  const { rows } = await outbox.query<Record<KeepReason, number>>(sql.reasonsToKeep(name), values);
  const counts = {
    ...rows[0],
    ...(needs.openRuns === 'unknown' ? { runs_unknown: 1 } : {}),
    ...(needs.state === 'unknown' ? { state_unknown: 1 } : {}),
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** For people: `3 dead letters, 1 rows not started`. */
export function explained(reasons: Reasons): string {
  return Object.entries(reasons)
    .map(([reason, count]) => `${count} ${keepReasons[reason as KeepReason]}`)
    .join(', ');
}

/** Events that keep a partition by their deliveries or their run: a few, so that a person knows where to begin. */
export async function examplesOf(outbox: Database, name: string, { state }: Needs): Promise<string[]> {
  if (state === 'unknown') return [];
  const needed = [...state.openDeliveries, ...state.failedRuns];
  if (needed.length === 0) return [];
  return (await outbox.query<{ id: string }>(sql.examplesIn(name), [needed])).rows.map(({ id }) => id);
}

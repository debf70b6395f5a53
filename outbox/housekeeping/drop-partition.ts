import { type Pool } from 'pg';
import { inTransaction } from '../../runtime/postgres';
import { attachDay, countDay, detachDay, dropDetachedDay, finalizeDetach, lockDay } from '../partitions.sql';
import { repairHeads } from './heads';
import { cancelLeftovers, runPatiently } from './patient-statement';
import { type NeededEvents } from './needed-events';
import { type DayPartition, type OpenRuns, type Reasons, readNeeds, reasonsToKeep } from './partitions';

/** How a drop ended. `waiting`: half-way, behind a long transaction; the next turn goes on. */
export type DropOutcome =
  | { readonly kind: 'dropped'; readonly rows: number }
  | { readonly kind: 'kept'; readonly reasons: Reasons }
  | { readonly kind: 'waiting' };

export interface DropOptions {
  readonly retentionDays: number;
  /** Asked before each look: a run may be reset or replayed while a detach waits. */
  readonly openRuns: () => Promise<OpenRuns>;
  /** The same of what State needs. */
  readonly neededByState: () => Promise<NeededEvents>;
  /** How long a detach may wait for transactions that began before it, in one turn. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Another process may believe in the same turn, so no statement here trusts what was read a moment ago. An intent is written
 * only while the table is there: after another process has dropped it the record is left alone (the condition is evaluated
 * under the lock of the record, and a drop commits together with its record).
 */
const insertIntent = `
  INSERT INTO nova.outbox_partition_drops AS d (name, lower_bound, upper_bound) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET lower_bound = excluded.lower_bound, upper_bound = excluded.upper_bound,
    began_at = clock_timestamp(), dropped_at = NULL, row_count = NULL
  WHERE to_regclass('nova.' || quote_ident(d.name)) IS NOT NULL`;
const deleteIntent = `DELETE FROM nova.outbox_partition_drops WHERE name = $1 AND dropped_at IS NULL`;
/** Only the intent that was read: another process may have begun to take the day out since. */
const deleteStaleIntent = `${deleteIntent} AND began_at = $2::timestamptz`;
/** In the transaction of the drop. Writes the record even if the intent was taken away meanwhile. */
const recordDrop = `
  INSERT INTO nova.outbox_partition_drops (name, lower_bound, upper_bound, dropped_at, row_count)
  VALUES ($1, $2, $3, clock_timestamp(), $4)
  ON CONFLICT (name) DO UPDATE SET dropped_at = excluded.dropped_at, row_count = excluded.row_count`;
/** The table is gone and no process has recorded its drop: a person dropped it. What is recorded is left as it is. */
const recordLoss = `UPDATE nova.outbox_partition_drops SET dropped_at = clock_timestamp() WHERE name = $1 AND dropped_at IS NULL`;

const selectUnfinished = `
  SELECT d.name, d.lower_bound::text AS "lowerBound", d.upper_bound::text AS "upperBound", d.began_at::text AS "beganAt",
    CASE WHEN to_regclass('nova.' || quote_ident(d.name)) IS NULL THEN 'gone' WHEN p.name IS NULL THEN 'detached'
         WHEN p.detach_pending THEN 'pending' ELSE 'attached' END AS state
  FROM nova.outbox_partition_drops d LEFT JOIN nova.outbox_partitions p USING (name)
  WHERE d.dropped_at IS NULL ORDER BY d.lower_bound`;

type Unfinished = DayPartition & {
  readonly beganAt: string;
  readonly state: 'gone' | 'detached' | 'pending' | 'attached';
};

/**
 * Takes one day out of the outbox: look, write down what is intended, detach, look again, drop. Detaching CONCURRENTLY makes
 * no insert wait, whatever reads the table. A row that got in between the first look and the detach is found by the second,
 * and the day is put back.
 */
export async function dropDay(pool: Pool, day: DayPartition, options: DropOptions): Promise<DropOutcome> {
  const reasons = await reasonsToKeep(pool, day.name, { ...options, needs: await readNeeds(options) });
  if (Object.keys(reasons).length > 0) return { kind: 'kept', reasons };
  await pool.query(insertIntent, [day.name, day.lowerBound, day.upperBound]);
  if (!(await runPatiently(pool, detachDay(day.name), options))) return { kind: 'waiting' };
  return dropDetached(pool, day, options);
}

/** Goes on with drops that a crash or a long transaction cut short. Returns how each ended. */
export async function finishDrops(pool: Pool, options: DropOptions): Promise<Map<string, DropOutcome>> {
  const outcomes = new Map<string, DropOutcome>();
  if ((await unfinished(pool)).length === 0) return outcomes;
  // A detach whose process died may still wait in the server, and would take a day out again that was put back.
  await cancelLeftovers(pool);
  for (const day of await unfinished(pool)) {
    if (day.state === 'gone') await pool.query(recordLoss, [day.name]);
    else if (day.state === 'attached') await pool.query(deleteStaleIntent, [day.name, day.beganAt]);
    else if (day.state === 'pending' && !(await finalize(pool, day, options)))
      outcomes.set(day.name, { kind: 'waiting' });
    else outcomes.set(day.name, await dropDetached(pool, day, options));
  }
  return outcomes;
}

async function unfinished(pool: Pool): Promise<Unfinished[]> {
  return (await pool.query<Unfinished>(selectUnfinished)).rows;
}

function finalize(pool: Pool, day: DayPartition, options: DropOptions): Promise<boolean> {
  return runPatiently(pool, finalizeDetach(day.name), options);
}

/**
 * Under a lock on a table that no process uses any more: no row can come or change between this look and the drop. Who needs a row
 * is asked before: a run that is not open by now cannot begin, since a replay needs a row that is in the outbox.
 */
async function dropDetached(pool: Pool, day: DayPartition, options: DropOptions): Promise<DropOutcome> {
  const needs = await readNeeds(options);
  return inTransaction(pool, async (client) => {
    await client.query(`SET LOCAL lock_timeout = '5s'`);
    await client.query(lockDay(day.name));
    const attached = await client.query('SELECT FROM nova.outbox_partitions WHERE name = $1', [day.name]);
    if (attached.rowCount !== 0) throw new Error(`${day.name} was put back by another process`);
    const reasons = await reasonsToKeep(client, day.name, { ...options, needs });
    if (Object.keys(reasons).length > 0) {
      await client.query(attachDay(day));
      // While the day was out, a claim took the heads of its rows for vacant.
      await repairHeads(client);
      await client.query(deleteIntent, [day.name]);
      return { kind: 'kept', reasons };
    }
    const { rows } = await client.query<{ rows: number }>(countDay(day.name));
    await client.query(dropDetachedDay(day.name));
    await client.query(recordDrop, [day.name, day.lowerBound, day.upperBound, rows[0]?.rows ?? 0]);
    return { kind: 'dropped', rows: rows[0]?.rows ?? 0 };
  });
}

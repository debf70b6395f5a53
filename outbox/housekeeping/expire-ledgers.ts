import { type Database } from '../../runtime/postgres';
import { noRowIsLeft } from '../partitions.sql';
import { rfc3339 } from '../../runtime/sql-time';
import { type KeepDays, type Ledger, ledgers } from './ledgers';

const batchRows = 500;
/** Batches of one table in one turn; the rest is left to the next. */
const batchesPerTurn = 400;

const before = `clock_timestamp() - make_interval(days => $1)`;

/**
 * The stretches of time, up to the retention, whose partitions are gone: only there is it worth looking. Ledger rows of a day
 * that is kept are left alone until it goes.
 */
const selectStretches = `
  WITH kept AS (
    SELECT range_agg(tstzrange(lower_bound, upper_bound)) AS days FROM nova.outbox_partitions WHERE lower_bound IS NOT NULL
  )
  SELECT coalesce(${rfc3339('lower(stretch)')}, '-infinity') AS "from", ${rfc3339('upper(stretch)')} AS "to"
  FROM kept, unnest(tstzmultirange(tstzrange(NULL, ${before})) - coalesce(days, '{}'::tstzmultirange)) AS stretch
  ORDER BY stretch`;

/**
 * Looks at one batch by age and deletes what belongs to no outbox row, in one statement with one view of both. While a
 * partition is half-way out its rows are in no query though they may come back, so nothing is deleted then.
 */
export const deleteBatch = ({ table, age, unless, only, event }: Ledger): string => `
  WITH seen AS MATERIALIZED (
    SELECT t.*, t.ctid AS place, t.${age} AS age FROM nova.${table} t
    WHERE t.${age} >= $1::timestamptz AND t.${age} < $2::timestamptz AND NOT coalesce(${unless ?? 'false'}, false)${only === undefined ? '' : ` AND ${only}`}
    ORDER BY t.${age} LIMIT ${batchRows}
  ), orphan AS MATERIALIZED (
    SELECT t.place FROM seen t
    WHERE ${noRowIsLeft(event)}
      AND NOT EXISTS (SELECT FROM nova.outbox_partition_drops WHERE dropped_at IS NULL)
      AND NOT EXISTS (SELECT FROM nova.outbox_partitions WHERE detach_pending)
  ), gone AS (
    DELETE FROM nova.${table} t WHERE t.ctid = ANY (ARRAY (SELECT place FROM orphan)) RETURNING 1
  )
  SELECT (SELECT count(*) FROM seen) AS seen, (SELECT count(*) FROM gone) AS gone, ${rfc3339('max(age)')} AS last,
    ${rfc3339(`(max(age) + interval '1 microsecond')`)} AS "afterLast" FROM seen`;

export interface Expired {
  /** Rows deleted, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** The bound of a turn was reached: there is more. */
  readonly more: boolean;
}

/** Deletes ledger rows older than the retention whose event is gone. Short statements, one after another. */
export async function expireLedgers(
  database: Database,
  options: { retentionDays: number; keepDays: KeepDays; between: () => Promise<void> },
): Promise<Expired> {
  const rows: Record<string, number> = {};
  let more = false;
  for (const ledger of ledgers) {
    const keep = ledger.keep === undefined ? options.retentionDays : options.keepDays[ledger.keep];
    if (keep === 0) continue;
    const days = Math.max(keep, options.retentionDays);
    const stretches = await database.query<{ from: string; to: string }>(selectStretches, [days]);
    const sql = deleteBatch(ledger);
    let batches = batchesPerTurn;
    for (const stretch of stretches.rows) {
      let from: string | undefined = stretch.from;
      while (from !== undefined && batches-- > 0) {
        await options.between();
        const batch: Batch | undefined = (await database.query<Batch>(sql, [from, stretch.to])).rows[0];
        rows[ledger.table] = (rows[ledger.table] ?? 0) + (batch?.gone ?? 0);
        from = nextFrom(from, batch);
      }
      if (from !== undefined) more = true;
    }
  }
  return { rows, more };
}

interface Batch {
  readonly seen: number;
  readonly gone: number;
  readonly last: string | null;
  readonly afterLast: string | null;
}

/** Where the next batch begins; undefined: the stretch is done. A batch of equal ages that may not go is stepped over. */
function nextFrom(from: string, batch: Batch | undefined): string | undefined {
  if (batch === undefined || batch.seen < batchRows || batch.last === null) return undefined;
  return batch.gone === 0 && batch.last === from ? (batch.afterLast ?? undefined) : batch.last;
}

import { type Database } from '../../runtime/postgres';

const batchRows = 1_000;
const batchesPerTurn = 200;

/**
 * The row carries no state: a writer that finds none makes one. One that a writer holds is left alone, so nothing waits here
 * for an open transaction, and no writer waits longer than for this statement. $1 age in days
 */
const deleteBatch = `
  DELETE FROM nova.outbox_writer_locks WHERE aggregate_id IN (
    SELECT l.aggregate_id FROM nova.outbox_writer_locks l
    WHERE l.made_at < clock_timestamp() - make_interval(days => $1)
      AND NOT EXISTS (SELECT 1 FROM nova.outbox_heads h WHERE h.aggregate_id = l.aggregate_id OFFSET 0)
    LIMIT ${batchRows} FOR UPDATE OF l SKIP LOCKED)`;

/** Deletes writers' locks of aggregates without work that are older than the retention. Returns how many, and if there is more. */
export async function expireWriterLocks(
  database: Database,
  options: { retentionDays: number; between: () => Promise<void> },
): Promise<{ rows: number; more: boolean }> {
  let rows = 0;
  for (let batch = 0; batch < batchesPerTurn; batch++) {
    await options.between();
    const gone = (await database.query(deleteBatch, [options.retentionDays])).rowCount ?? 0;
    rows += gone;
    if (gone < batchRows) return { rows, more: false };
  }
  return { rows, more: true };
}

import { type Database } from '../../runtime/postgres';
import { deletePastRows, pastPartition, pastReaches } from '../partitions.sql';
import { type Needs } from './partitions';

const batchRows = 500;
const batchesPerTurn = 200;

const deleteBatch = deletePastRows(batchRows);

/** Deletes finished rows from the partition of the past; returns how many, and whether there is more. */
export async function expirePastRows(
  database: Database,
  options: { retentionDays: number; needs: Needs; between: () => Promise<void> },
): Promise<{ rows: number; more: boolean }> {
  const { openRuns, state } = options.needs;
  if (openRuns === 'unknown' || state === 'unknown') return { rows: 0, more: false };
  const needed = [...openRuns, ...state.openDeliveries, ...state.failedRuns];
  let rows = 0;
  for (let batch = 0; batch < batchesPerTurn; batch++) {
    await options.between();
    const { rowCount } = await database.query(deleteBatch, [options.retentionDays, needed]);
    rows += rowCount ?? 0;
    if ((rowCount ?? 0) < batchRows) return { rows, more: false };
  }
  return { rows, more: true };
}

const lockNotAvailable = '55P03';
const wideningTries = 5;

/**
 * Lets the partition of the past reach up to the first day that is left, so that a row dated into a dropped day is not
 * refused. Returns false when it must wait until there is no long transaction, or until its own rows are gone.
 */
export async function widenPast(database: Database): Promise<boolean> {
  for (let tried = 1; tried <= wideningTries; tried++) {
    try {
      await database.query('SELECT nova.outbox_widen_past()');
      break;
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code !== lockNotAvailable) throw thrown;
    }
  }
  return (await database.query<{ reaches: boolean }>(pastReaches, [pastPartition])).rows[0]?.reaches ?? true;
}

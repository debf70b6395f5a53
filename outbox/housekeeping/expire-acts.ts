import { type Database } from '../../runtime/postgres';
import { batchRows, deleteByAge } from './expire-ledgers';
import { type KeepDays, operatorActs } from './ledgers';

const batchesPerTurn = 100;

/** $1 days */
const before = `SELECT (clock_timestamp() - make_interval(days => $1))::text AS before`;

/** Deletes acts of people in an outbox that are older than is kept, and than the retention. Returns how many, and if there is more. */
export async function expireActs(
  outbox: Database,
  options: {
    readonly retentionDays: number;
    readonly keepDays: Pick<KeepDays, 'operatorActs'>;
    readonly between: () => Promise<void>;
  },
): Promise<{ rows: number; more: boolean }> {
  const days = options.keepDays.operatorActs;
  if (days === 0) return { rows: 0, more: false };
  const { rows: bound } = await outbox.query<{ before: string }>(before, [Math.max(days, options.retentionDays)]);
  let rows = 0;
  for (let batch = 0; batch < batchesPerTurn; batch++) {
    await options.between();
    const gone = (await outbox.query(deleteByAge(operatorActs), ['-infinity', bound[0]?.before])).rowCount ?? 0;
    rows += gone;
    if (gone < batchRows) return { rows, more: false };
  }
  return { rows, more: true };
}

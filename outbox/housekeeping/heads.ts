import { type Database } from '../../runtime/postgres';

/** As many as one call of the function repairs. */
const atOnce = 10_000;

/** Gives a head to pending rows that came past the triggers; returns how many aggregates needed it. */
export async function repairHeads(database: Database): Promise<number> {
  for (let sum = 0; ;) {
    const { rows } = await database.query<{ repaired: number }>('SELECT nova.outbox_repair_heads() AS repaired');
    const repaired = rows[0]?.repaired ?? 0;
    sum += repaired;
    if (repaired < atOnce) return sum;
  }
}

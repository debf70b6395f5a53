import { type Database } from '../../runtime/postgres';

/** Gives a head to pending rows that came past the triggers; returns how many aggregates needed it. */
export async function repairHeads(database: Database): Promise<number> {
  const { rows } = await database.query<{ repaired: number }>('SELECT nova.outbox_repair_heads() AS repaired');
  return rows[0]?.repaired ?? 0;
}

import { type Pool } from 'pg';
import { type PriorityName, priorityName } from '../../contracts/priority';
import { startedLately } from '../../outbox/operators.sql';

/** What was started within a short time, of one priority. */
export interface StartsLately {
  readonly priority: PriorityName;
  /** At most `mostCounted`. */
  readonly rows: number;
  /** Seconds from the commit of a row to its start, of half and of 95 % of them. */
  readonly p50: number;
  readonly p95: number;
}

/** A look reads no more rows of an outbox. */
export const mostCounted = 5_000;

/** How fast rows of one outbox are started, by priority; one of which none was started is left out. */
export async function startsLately(pool: Pool, withinMs: number): Promise<StartsLately[]> {
  const { rows } = await pool.query<Omit<StartsLately, 'priority'> & { priority: number }>(startedLately, [
    withinMs,
    mostCounted,
  ]);
  return rows.map((row) => ({ ...row, priority: priorityName(row.priority) }));
}

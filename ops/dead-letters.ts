import { type Pool } from 'pg';
import { listDeadLetters as list, requeue } from '../outbox/operators.sql';

export interface DeadLetter {
  readonly id: string;
  readonly eventType: string;
  readonly aggregateId: string;
  readonly lastError: string;
  readonly deadLetteredAt: Date;
}

/** The newest dead letters, of one failure code if given. */
export async function listDeadLetters(pool: Pool, options: { code?: string; limit: number }): Promise<DeadLetter[]> {
  return (await pool.query<DeadLetter>(list, [options.code ?? null, options.limit])).rows;
}

/**
 * Makes dead-lettered rows pending again; returns the ids that were. A row keeps its sequence, so it runs before later
 * rows of its aggregate that are still pending; those already started are not undone.
 * `neverRan`: the operator has checked that Temporal did not run it, so the retention guard starts again.
 */
export async function requeueDeadLetters(
  pool: Pool,
  ids: readonly string[],
  options: { neverRan: boolean },
): Promise<string[]> {
  return (await pool.query<{ id: string }>(requeue, [ids, options.neverRan])).rows.map((row) => row.id);
}

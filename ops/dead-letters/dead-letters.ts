import { type Pool } from 'pg';
import { listDeadLetters as list, requeue } from '../../outbox/operators.sql';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type Database } from '../../runtime/postgres';
import { type OutboxAway, askEach } from '../outboxes';

export interface DeadLetter {
  readonly id: string;
  readonly eventType: string;
  readonly aggregateId: string;
  readonly lastError: string;
  readonly deadLetteredAt: Date;
}

export interface LetterOfOutbox extends DeadLetter {
  readonly outbox: string;
}

interface Wanted {
  readonly code?: string;
  readonly limit: number;
}

/** The newest dead letters of all outboxes, and which outboxes could not be asked. */
export async function deadLettersOf(
  outboxes: OutboxPools,
  wanted: Wanted,
): Promise<{ readonly letters: readonly LetterOfOutbox[]; readonly away: readonly OutboxAway[] }> {
  const { said, away } = await askEach(outboxes, (pool) => listDeadLetters(pool, wanted));
  const letters = said.flatMap(({ outbox, value }) => value.map((letter) => ({ ...letter, outbox })));
  if (said.length > 1) letters.sort((a, b) => b.deadLetteredAt.getTime() - a.deadLetteredAt.getTime());
  return { letters: letters.slice(0, wanted.limit), away };
}

/** The newest dead letters of one outbox, of one failure code if given. */
export async function listDeadLetters(pool: Pool, options: Wanted): Promise<DeadLetter[]> {
  return (await pool.query<DeadLetter>(list, [options.code ?? null, options.limit])).rows;
}

/**
 * Makes dead-lettered rows pending again; returns the ids that were. A row keeps its sequence, so it runs before later
 * rows of its aggregate that are still pending; those already started are not undone.
 * `neverRan`: the operator has checked that Temporal did not run it, so the retention guard starts again.
 */
export async function requeueDeadLetters(
  database: Database,
  ids: readonly string[],
  options: { neverRan: boolean },
): Promise<string[]> {
  return (await database.query<{ id: string }>(requeue, [ids, options.neverRan])).rows.map((row) => row.id);
}

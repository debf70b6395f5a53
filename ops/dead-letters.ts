import { type Pool } from 'pg';
import { aloneAfterClaims } from '../outbox-bridge/attempt';

export interface DeadLetter {
  readonly id: string;
  readonly eventType: string;
  readonly aggregateId: string;
  readonly lastError: string;
  readonly deadLetteredAt: Date;
}

const list = `
  SELECT id, event_type AS "eventType", aggregate_id AS "aggregateId", last_error AS "lastError", dead_lettered_at AS "deadLetteredAt"
  FROM nova.outbox_events WHERE dead_lettered_at IS NOT NULL AND ($1::text IS NULL OR last_error LIKE $1 || ':%')
  ORDER BY dead_lettered_at DESC LIMIT $2`;

/**
 * Back to pending, with its attempts forgotten. first_attempt_at stays unless the row is known not to have run: it is what
 * the retention guard goes by. A row that killed its bridges stays a suspect: it is tried alone.
 */
const requeue = `
  UPDATE nova.outbox_events SET dead_lettered_at = NULL, retry_count = 0, next_attempt_at = '-infinity',
         unfinished_claims = CASE WHEN last_error LIKE 'ROW_KILLS_PROCESS:%' THEN ${aloneAfterClaims} ELSE 0 END,
         first_attempt_at = CASE WHEN $2 THEN NULL ELSE first_attempt_at END
  WHERE id = ANY ($1::uuid[]) AND dead_lettered_at IS NOT NULL RETURNING id`;

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

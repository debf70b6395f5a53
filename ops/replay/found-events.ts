import { type Pool } from 'pg';
import { spellingsOf } from '../../contracts/catalogue';
import { orderOfEvents } from '../../outbox/operators.sql';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type OutboxAway, askEach } from '../outboxes';
import { typeFrom } from '../terminal/option-values';

/** Kinds of findings that a completed replay ends. */
const replayable = ['failed_run', 'marked_without_run', 'lost_emit', 'open_past_budget'];

/** $1 kinds, $2 first seen within milliseconds or null, $3 the event before, $4 limit */
const eventsWithFindings = `
  SELECT DISTINCT left(event_id, 36) AS id FROM nova.audit_findings
  WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND kind = ANY ($1::text[]) AND event_id ~ '^[0-9a-f-]{36}'
    AND ($2::double precision IS NULL OR first_seen > clock_timestamp() - $2 * interval '1 millisecond')
    AND left(event_id, 36) > $3
  ORDER BY id LIMIT $4`;
/** Ids that one statement hands to an outbox. */
const pageSize = 1_000;

/**
 * Ids of the events with an open finding that a replay ends: those of one outbox in the order in which they were written; no order
 * holds between outboxes.
 */
export async function foundEvents(
  { pool, outboxes }: { readonly pool: Pool; readonly outboxes: OutboxPools },
  { type, sinceMs, limit }: { type: string | null; sinceMs: number | null; limit: number },
): Promise<{ readonly ids: readonly string[]; readonly away: readonly OutboxAway[] }> {
  const spellings = type === null ? null : spellingsOf(typeFrom(type));
  const found = await allFound(pool, sinceMs);
  const { said, away } = await askEach(outboxes, (database) => inOrder(database, found, spellings));
  return { ids: [...new Set(said.flatMap(({ value }) => value))].slice(0, limit), away };
}

async function allFound(pool: Pool, sinceMs: number | null): Promise<string[]> {
  const found: string[] = [];
  for (let after = ''; ; after = found.at(-1) ?? '') {
    const { rows } = await pool.query<{ id: string }>(eventsWithFindings, [replayable, sinceMs, after, pageSize]);
    found.push(...rows.map(({ id }) => id));
    if (rows.length < pageSize) return found;
  }
}

async function inOrder(pool: Pool, ids: readonly string[], spellings: readonly string[] | null): Promise<string[]> {
  const placed: { readonly id: string; readonly place: number }[] = [];
  for (let from = 0; from < ids.length; from += pageSize) {
    const page = ids.slice(from, from + pageSize);
    placed.push(...(await pool.query<{ id: string; place: number }>(orderOfEvents, [page, spellings])).rows);
  }
  return placed.sort((a, b) => a.place - b.place).map(({ id }) => id);
}

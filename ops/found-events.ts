import { type Pool } from 'pg';
import { definitionOf, spellingsOf } from '../contracts/catalogue';
import { eventsWithFindings } from '../outbox/operators.sql';

/** Kinds of findings that a completed replay ends. */
const replayable = ['failed_run', 'marked_without_run', 'lost_emit', 'open_past_budget'];

/** Ids of the events with an open finding that a replay ends, in the order in which they were written. */
export async function foundEvents(
  pool: Pool,
  { type, sinceMs, limit }: { type: string | null; sinceMs: number | null; limit: number },
): Promise<string[]> {
  const definition = type === null ? undefined : definitionOf(type);
  if (type !== null && definition === undefined) throw new Error(`no event type is called ${type} (docs/events.md)`);
  const spellings = definition === undefined ? null : spellingsOf(definition.type);
  const { rows } = await pool.query<{ id: string }>(eventsWithFindings, [replayable, spellings, sinceMs, limit]);
  return rows.map(({ id }) => id);
}

import { type Pool } from 'pg';
import { definitionOf, spellingsOf } from '../contracts/catalogue';

/** Kinds of findings that a completed replay ends. */
const replayable = ['failed_run', 'marked_without_run', 'lost_emit', 'open_past_budget'];

const select = `
  SELECT DISTINCT o.id, o.sequence FROM nova.audit_findings f
  JOIN nova.outbox_events o ON o.id = CASE WHEN f.event_id ~ '^[0-9a-f-]{36}' THEN left(f.event_id, 36)::uuid END
  WHERE f.resolved_at IS NULL AND f.acknowledged_at IS NULL AND f.kind = ANY ($1::text[])
    AND ($2::text[] IS NULL OR o.event_type = ANY ($2::text[]))
    AND ($3::double precision IS NULL OR f.first_seen > clock_timestamp() - $3 * interval '1 millisecond')
  ORDER BY o.sequence LIMIT $4`;

/** Ids of the events with an open finding that a replay ends, in the order in which they were written. */
export async function foundEvents(
  pool: Pool,
  { type, sinceMs, limit }: { type: string | null; sinceMs: number | null; limit: number },
): Promise<string[]> {
  const definition = type === null ? undefined : definitionOf(type);
  if (type !== null && definition === undefined) throw new Error(`no event type is called ${type} (docs/events.md)`);
  const spellings = definition === undefined ? null : spellingsOf(definition.type);
  const { rows } = await pool.query<{ id: string }>(select, [replayable, spellings, sinceMs, limit]);
  return rows.map(({ id }) => id);
}

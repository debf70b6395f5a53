import { type Pool } from 'pg';
import { type Database } from '../../runtime/postgres';

export interface OpenFinding {
  readonly kind: string;
  readonly detail: string;
  /** Null: of an event whose outbox is not known. */
  readonly outbox: string | null;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
}

/** What the audit has against this event and no person has explained. */
export async function openFindingsOf(pool: Pool, eventId: string): Promise<OpenFinding[]> {
  const { rows } = await pool.query<OpenFinding>(
    `SELECT kind, detail, outbox, first_seen AS "firstSeen", last_seen AS "lastSeen" FROM nova.audit_findings
     WHERE event_id = $1 AND resolved_at IS NULL AND acknowledged_at IS NULL ORDER BY first_seen`,
    [eventId.toLowerCase()],
  );
  return rows;
}

/** A person has explained these: they are not counted any more. Returns the ids that had open findings. */
export async function acknowledgeFindings(
  database: Database,
  eventIds: readonly string[],
  reason: string | null,
): Promise<string[]> {
  const { rows } = await database.query<{ event_id: string }>(
    `UPDATE nova.audit_findings SET acknowledged_at = clock_timestamp(), acknowledged_because = $2
     WHERE event_id = ANY ($1::text[]) AND resolved_at IS NULL AND acknowledged_at IS NULL RETURNING event_id`,
    [eventIds.map((id) => id.toLowerCase()), reason],
  );
  return [...new Set(rows.map((row) => row.event_id))];
}

import { spellingsOf } from '../../contracts/catalogue';
import { type EventRef } from '../../contracts/event-ref';
import { type Priority } from '../../contracts/priority';
import { type Database } from '../../runtime/postgres';
import { type AggregateHistory } from './aggregate-history';
import { query } from './pg-query';

const creation = `
  SELECT id, schema_version, aggregate_type, sequence, priority,
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
    -- Never later than now, as the claim has it: a post dated ahead would stay on top of every feed.
    (extract(epoch FROM least(created_at, clock_timestamp())) * 1000)::bigint AS created_at_ms
  FROM nova.outbox_events
  WHERE aggregate_id = $1 AND sequence < $2 AND event_type = ANY ($3) AND dead_lettered_at IS NULL
  ORDER BY sequence LIMIT 1`;

/** Up to the event that asks: whatever came later is not the first. */
const firstPublication = `
  SELECT id FROM nova.outbox_events
  WHERE aggregate_id = $1 AND sequence <= $2 AND event_type = ANY ($3) AND payload ->> 'new_status' = 'published'
    AND dead_lettered_at IS NULL
  ORDER BY sequence LIMIT 1`;

const startedBefore = `
  SELECT id FROM nova.outbox_events
  WHERE aggregate_id = $1 AND sequence < $2 AND published_at IS NOT NULL
  ORDER BY sequence DESC LIMIT $3`;

interface CreationRow {
  id: string;
  schema_version: number;
  aggregate_type: string;
  sequence: number;
  priority: Priority;
  created_at: string;
  created_at_ms: number;
}

export class PgAggregateHistory implements AggregateHistory {
  constructor(private readonly database: Database) {}

  async creation({ aggregateId, sequence }: Pick<EventRef, 'aggregateId' | 'sequence'>): Promise<EventRef | undefined> {
    const eventType = 'content.post.created';
    const values = [aggregateId, sequence, spellingsOf(eventType)];
    const row = (await this.rows<CreationRow>(creation, values))[0];
    return (
      row && {
        eventId: row.id,
        eventType,
        schemaVersion: row.schema_version,
        aggregateType: row.aggregate_type,
        aggregateId,
        sequence: row.sequence,
        createdAt: row.created_at,
        createdAtMs: row.created_at_ms,
        priority: row.priority,
      }
    );
  }

  async firstPublication({
    aggregateId,
    sequence,
  }: Pick<EventRef, 'aggregateId' | 'sequence'>): Promise<string | undefined> {
    const values = [aggregateId, sequence, spellingsOf('content.post.status_updated')];
    return (await this.rows<{ id: string }>(firstPublication, values))[0]?.id;
  }

  async startedBefore(event: EventRef, limit: number): Promise<readonly string[]> {
    const rows = await this.rows<{ id: string }>(startedBefore, [event.aggregateId, event.sequence, limit]);
    return rows.map((row) => row.id);
  }

  private async rows<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    return (await query<Row>(this.database, text, values)).rows;
  }
}

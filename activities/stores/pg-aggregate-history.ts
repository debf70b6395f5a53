import { spellingsOf } from '../../contracts/catalogue';
import { type EventRef } from '../../contracts/event-ref';
import { type Priority } from '../../contracts/priority';
import * as sql from '../../outbox/events.sql';
import { type Database } from '../../runtime/postgres';
import { type AggregateHistory } from './aggregate-history';
import { query } from './pg-query';

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
    const row = (await this.rows<CreationRow>(sql.creationOf, values))[0];
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
    return (await this.rows<{ id: string }>(sql.firstPublication, values))[0]?.id;
  }

  async startedBefore(event: EventRef, limit: number): Promise<readonly string[]> {
    const rows = await this.rows<{ id: string }>(sql.startedBefore, [event.aggregateId, event.sequence, limit]);
    return rows.map((row) => row.id);
  }

  private async rows<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    return (await query<Row>(this.database, text, values)).rows;
  }
}

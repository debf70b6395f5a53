import { definitionOf, spellingsOf } from '../../contracts/catalogue';
import { typesThatCreate } from '../../contracts/consequences';
import { type EventRef } from '../../contracts/event-ref';
import { type Priority } from '../../contracts/priority';
import * as sql from '../../outbox/events.sql';
import { type Database } from '../../runtime/postgres';
import { type AggregateHistory } from './aggregate-history';
import { query } from './pg-query';

interface CreationRow {
  id: string;
  event_type: string;
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
    const values = [aggregateId, sequence, typesThatCreate('post').flatMap(spellingsOf)];
    const row = (await this.rows<CreationRow>(sql.creationOf, values))[0];
    const eventType = row && definitionOf(row.event_type)?.type;
    return (
      eventType && {
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
    eventType,
    aggregateId,
    sequence,
    when,
  }: Parameters<AggregateHistory['firstPublication']>[0]): Promise<string | undefined> {
    const values = [aggregateId, sequence, spellingsOf(eventType), when];
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

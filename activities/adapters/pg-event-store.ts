import { type Pool } from 'pg';
import { type EventType, type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { NovaError } from '../../contracts/failures';
import { parseEvent } from '../../contracts/parse-event';
import { asDatabaseError } from '../../runtime/postgres';
import { type EventStore } from '../ports/event-store';

/** By the full primary key, so that only one partition is looked into. */
const selectPayload = `
  SELECT event_type, schema_version, payload FROM outbox_events WHERE id = $1 AND created_at = $2::timestamptz`;

export class PgEventStore implements EventStore {
  constructor(private readonly pool: Pool) {}

  async load<T extends EventType>(ref: EventRef): Promise<EventRecord<PayloadOf<T>>> {
    const { rows } = await this.pool
      .query<{ event_type: string; schema_version: number; payload: unknown }>(selectPayload, [
        ref.eventId,
        ref.createdAt,
      ])
      .catch((thrown: unknown) => Promise.reject(asDatabaseError(thrown) as Error));
    const row = rows[0];
    if (row === undefined) throw new NovaError('EVENT_NOT_FOUND', `outbox row ${ref.eventId} of ${ref.createdAt}`);
    const event = parseEvent({
      eventType: row.event_type,
      aggregateId: ref.aggregateId,
      payload: row.payload,
      schemaVersion: row.schema_version,
    });
    return { ...ref, payload: event.payload as PayloadOf<T> };
  }
}

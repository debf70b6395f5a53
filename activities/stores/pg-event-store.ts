import { type EventType, type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { NovaError } from '../../contracts/failures';
import { parseEvent } from '../../contracts/parse-event';
import { payloadByKey, payloadByKeyForSure } from '../../outbox/events.sql';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { query } from './pg-query';

type Row = { event_type: string; schema_version: number; payload: unknown };

/** Reads the outbox row a workflow is about. */
export class PgEventStore {
  constructor(private readonly outboxes: OutboxPools) {}

  /**
   * The row with its payload validated and in today's field names.
   * @throws NovaError EVENT_NOT_FOUND when the row is gone, UNKNOWN_OUTBOX, DATABASE_UNAVAILABLE
   */
  async load<T extends EventType>(ref: EventRef): Promise<EventRecord<PayloadOf<T>>> {
    const key = [ref.eventId, ref.createdAt];
    const find = async (sql: string) =>
      (await this.outboxes.ask(ref, (outbox) => query<Row>(outbox, sql, key))).rows[0];
    const row = (await find(payloadByKey)) ?? (await find(payloadByKeyForSure));
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

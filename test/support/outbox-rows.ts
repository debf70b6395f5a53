import { type EventType, type PayloadInput } from '../../contracts/catalogue';
import { type EventRef } from '../../contracts/event-ref';
import { insertEvent } from './events';
import { type TestOutboxes } from './outboxes';

/** Inserts a row into one outbox as `insertEvent` does; the ref says which. */
export async function insertInto<T extends EventType>(
  outboxes: TestOutboxes,
  outbox: string,
  type: T,
  payload: PayloadInput<T> & Readonly<Record<string, unknown>>,
  options?: Parameters<typeof insertEvent>[3],
): Promise<EventRef> {
  return { ...(await insertEvent(outboxes.of[outbox]!.pool, type, payload, options)), outbox };
}

/** Puts a row into another outbox under the id, the time and the sequence that a row has. */
export async function insertTwin(
  outboxes: TestOutboxes,
  outbox: string,
  of: EventRef,
  payload: object,
): Promise<EventRef> {
  const { pool } = outboxes.of[outbox]!;
  await pool.query(
    `INSERT INTO outbox_events (id, created_at, aggregate_id, event_type, payload, published_at) VALUES ($1, $2, $3, $4, $5, now())`,
    [of.eventId, of.createdAt, of.aggregateId, of.eventType, JSON.stringify(payload)],
  );
  await pool.query('UPDATE outbox_events SET sequence = $1 WHERE id = $2', [of.sequence, of.eventId]);
  return { ...of, outbox };
}

import { type QueryResult } from 'pg';
import { uuidv7 } from 'uuidv7';
import { type EventType, type PayloadInput } from '../contracts/catalogue';
import { NovaError } from '../contracts/failures';
import { aggregateFault, maxPayloadBytes, parseEvent, partitionKeyOf } from '../contracts/parse-event';
import { type PriorityName, priorities } from '../contracts/priority';
import { defaultSchema, inSchema } from '../runtime/schema';

/** The transaction the caller has open: a `pg` client between BEGIN and COMMIT. */
export interface Transaction {
  query(sql: string, values: unknown[]): Promise<QueryResult>;
}

export interface NewEvent<T extends EventType> {
  readonly type: T;
  readonly payload: PayloadInput<T>;
  /** UUID of the event, and of its workflow. Default: a fresh UUIDv7. Give one to make a retried request idempotent. */
  readonly id?: string;
  /** UUID of what the event is about. Default, and for most types the only one allowed: the payload's partition key field. */
  readonly aggregateId?: string;
  /** Default: the catalogue's priority of the type. */
  readonly priority?: PriorityName;
  /** W3C trace context; carried to the Kafka header. */
  readonly traceparent?: string;
}

export interface PublishOptions {
  /** Schema of the outbox; default `nova`. The DATABASE_SCHEMA of the deployment. */
  readonly schema?: string;
}

export interface PublishedEvent {
  readonly id: string;
  readonly aggregateId: string;
}

const insert = `
  INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload, aggregate_type, priority, schema_version, traceparent)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;

/**
 * Validates an event and inserts its outbox row inside the caller's transaction: committed with the business data, or
 * gone with it. Writers of one aggregate wait here for each other until commit, which fixes the order; so publish late in
 * the transaction.
 * The same id again, with the same aggregate, type and payload, is no second event while Temporal knows the first run (the
 * retention of its namespace); after that a second run appears, which repeats no effect. With another payload the second row
 * becomes the dead letter DUPLICATE_EVENT_ID.
 * @throws NovaError INVALID_PAYLOAD, PAYLOAD_TOO_LARGE, INVALID_ROW, UNKNOWN_EVENT_TYPE before anything is sent to PostgreSQL
 */
export async function publish<T extends EventType>(
  tx: Transaction,
  event: NewEvent<T>,
  options: PublishOptions = {},
): Promise<PublishedEvent> {
  const parsed = parseEvent({ eventType: event.type, aggregateId: event.aggregateId ?? '', payload: event.payload });
  const payload = JSON.stringify(parsed.payload);
  const bytes = Buffer.byteLength(payload);
  if (bytes > maxPayloadBytes) {
    throw new NovaError(
      'PAYLOAD_TOO_LARGE',
      `payload of ${event.type} has ${bytes} bytes; the limit is ${maxPayloadBytes}`,
    );
  }
  const id = event.id ?? uuidv7();
  const aggregateId = event.aggregateId ?? partitionKeyOf(parsed);
  const { definition } = parsed;
  const misplaced = aggregateFault(parsed, aggregateId);
  if (misplaced !== undefined) throw new NovaError('INVALID_ROW', misplaced);
  await tx.query(inSchema(insert, options.schema ?? defaultSchema), [
    id,
    aggregateId,
    definition.type,
    payload,
    definition.aggregateType,
    priorities[event.priority ?? definition.priority],
    definition.version,
    event.traceparent ?? null,
  ]);
  return { id, aggregateId };
}

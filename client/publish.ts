import { type EventType, type PayloadInput } from '../contracts/catalogue';
import { type PriorityName } from '../contracts/priority';
import { insertRow } from '../outbox/writes.sql';
import { defaultSchema, inSchema } from '../runtime/schema';
import { outboxRow } from './outbox-row';

/**
 * The transaction the caller has open: a `pg` client between BEGIN and COMMIT, or whatever sends a text with the parameters
 * $1, $2, … (strings, numbers, null) in it. What the promise resolves to is not looked at. docs/recipes-orm.md has a line for
 * each ORM.
 */
export interface Transaction {
  query(text: string, values: unknown[]): Promise<unknown>;
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
  const row = outboxRow(event);
  await tx.query(inSchema(insertRow, options.schema ?? defaultSchema), [
    row.id,
    row.aggregateId,
    row.eventType,
    row.payload,
    row.aggregateType,
    row.priority,
    row.schemaVersion,
    row.traceparent,
  ]);
  return { id: row.id, aggregateId: row.aggregateId };
}

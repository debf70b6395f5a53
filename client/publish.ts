import { type EventType } from '../contracts/catalogue';
import { insertRow } from '../outbox/writes.sql';
import { defaultSchema, inSchema } from '../runtime/schema';
import { type NewEvent } from './new-event';
import { warnIfAlone } from './open-transaction';
import { outboxRow } from './outbox-row';
import { orRefused } from './refused-by-outbox';
import { activeTraceparent } from './trace-context';

export type { NewEvent } from './new-event';

/**
 * The transaction the caller has open: a `pg` client between BEGIN and COMMIT, or whatever sends a text with the parameters
 * $1, $2, … (strings, numbers, null) in it. What the promise resolves to is not looked at. docs/recipes-orm.md has a line for
 * each ORM.
 */
export interface Transaction {
  query(text: string, values: unknown[]): Promise<unknown>;
}

export interface PublishOptions {
  /** Schema of the outbox; default `nova`. The DATABASE_SCHEMA of the deployment. */
  readonly schema?: string;
  /** The event belongs to no transaction and may commit by itself: no warning about that. Default false. */
  readonly alone?: boolean;
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
 *
 * A pool, or a client without BEGIN, has no transaction: the event commits by itself, and stays when the business data does not.
 * Of pg's that is the process warning NOVA_NO_TRANSACTION, unless `alone` is given. A field that the type does not know, where
 * it knows one of nearly the same name, is the warning NOVA_UNKNOWN_FIELD; each warning comes once.
 * @throws NovaError INVALID_PAYLOAD, PAYLOAD_TOO_LARGE, INVALID_ROW, UNKNOWN_EVENT_TYPE before anything is sent to PostgreSQL;
 *   OUTBOX_MOVED, OUTBOX_NOT_OPEN when the events of this domain go to another outbox (docs/outboxes.md): repeat the transaction there
 */
export async function publish<T extends EventType>(
  tx: Transaction,
  event: NewEvent<T>,
  options: PublishOptions = {},
): Promise<PublishedEvent> {
  const row = outboxRow(event, await activeTraceparent());
  const values = [
    ...[row.id, row.aggregateId, row.eventType, row.payload],
    ...[row.aggregateType, row.priority, row.schemaVersion, row.traceparent],
  ];
  await orRefused(tx.query(inSchema(insertRow, options.schema ?? defaultSchema), values));
  if (options.alone !== true) warnIfAlone(tx);
  return { id: row.id, aggregateId: row.aggregateId };
}

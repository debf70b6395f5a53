import { type EventType } from '../contracts/catalogue';
import { NovaError } from '../contracts/failures';
import { insertRows } from '../outbox/writes.sql';
import { defaultSchema, inSchema } from '../runtime/schema';
import { type OutboxRow, outboxRow } from './outbox-row';
import { type NewEvent } from './new-event';
import { warnIfAlone } from './open-transaction';
import { type PublishOptions, type PublishedEvent, type Transaction } from './publish';
import { orRefused } from './refused-by-outbox';
import { activeTraceparent } from './trace-context';

/** An event of any type: its payload is that of its type. */
export type AnyNewEvent = { readonly [T in EventType]: NewEvent<T> }[EventType];

/** Largest sum of payloads in one call, bytes of UTF-8 JSON: client and server each hold it several times over. */
export const maxBatchBytes = 64 * 1024 * 1024;

/**
 * Inserts the outbox rows of many events by one statement, inside the caller's transaction. Every event is validated before
 * anything is sent: either all are inserted or none. Events of one aggregate keep the order in which they are given.
 *
 * Two calls for the same aggregates, in two transactions, never deadlock, in whatever order each gives its events: the second
 * waits for the first's commit. That holds for one call per transaction: a transaction that calls twice locks twice.
 * Some 10,000 events a call are a good measure; the payloads together may have 64 MiB.
 * Warnings as of `publish`.
 * @returns id and aggregate id of each event, in the order given; empty for no events, without a statement
 * @throws NovaError INVALID_PAYLOAD, PAYLOAD_TOO_LARGE, INVALID_ROW, UNKNOWN_EVENT_TYPE before anything is sent to PostgreSQL;
 *   the message names the first bad event: `events[3]: …`; OUTBOX_MOVED, OUTBOX_NOT_OPEN as of `publish`
 */
export async function publishMany(
  tx: Transaction,
  events: readonly AnyNewEvent[],
  options: PublishOptions = {},
): Promise<PublishedEvent[]> {
  if (events.length === 0) return [];
  const traceparent = await activeTraceparent();
  const rows = events.map((event, index) => validated(event, index, traceparent));
  refuseTwins(rows);
  const bytes = rows.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0);
  if (bytes > maxBatchBytes) {
    const fault = `the ${rows.length} payloads have ${bytes} bytes together; the limit of one call is ${maxBatchBytes}: give fewer`;
    throw new NovaError('PAYLOAD_TOO_LARGE', fault);
  }
  const records = rows.map(recordOf).join(',');
  await orRefused(tx.query(inSchema(insertRows, options.schema ?? defaultSchema), [`[${records}]`]));
  if (options.alone !== true) warnIfAlone(tx);
  return rows.map(({ id, aggregateId }) => ({ id, aggregateId }));
}

function validated(event: AnyNewEvent, index: number, traceparent: string | undefined): OutboxRow {
  try {
    return outboxRow(event as NewEvent<EventType>, traceparent);
  } catch (thrown) {
    if (!(thrown instanceof NovaError)) throw thrown;
    const detail = thrown.message.slice(`${thrown.code}: `.length);
    throw new NovaError(thrown.code, `events[${index}]: ${detail}`, { cause: thrown });
  }
}

/** Two events with one id would be one run and a dead letter. */
function refuseTwins(rows: readonly OutboxRow[]): void {
  const seen = new Map<string, number>();
  for (const [index, { id }] of rows.entries()) {
    const first = seen.get(id.toLowerCase());
    if (first !== undefined) throw new NovaError('INVALID_ROW', `events[${index}]: its id is that of events[${first}]`);
    seen.set(id.toLowerCase(), index);
  }
}

/** JSON text. The payload is JSON text already and goes in as it is. */
function recordOf(row: OutboxRow, place: number): string {
  const columns = JSON.stringify({
    place,
    id: row.id,
    aggregate_id: row.aggregateId,
    event_type: row.eventType,
    aggregate_type: row.aggregateType,
    priority: row.priority,
    schema_version: row.schemaVersion,
    traceparent: row.traceparent,
  });
  return `${columns.slice(0, -1)},"payload":${row.payload}}`;
}

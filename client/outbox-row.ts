import { uuidv7 } from 'uuidv7';
import { type EventType } from '../contracts/catalogue';
import { NovaError } from '../contracts/failures';
import { didYouMean } from '../contracts/near-words';
import {
  type RawEvent,
  aggregateFault,
  fieldsProbablyMisspelt,
  maxPayloadBytes,
  parseEvent,
  partitionKeyOf,
} from '../contracts/parse-event';
import { priorities } from '../contracts/priority';
import { isUuid } from '../runtime/uuid';
import { type NewEvent } from './new-event';
import { warnOnce } from './warn-once';

/** What a writer says of an event, in the columns of the outbox. */
export interface OutboxRow {
  readonly id: string;
  readonly aggregateId: string;
  readonly eventType: EventType;
  /** JSON text. */
  readonly payload: string;
  readonly aggregateType: string;
  readonly priority: number;
  readonly schemaVersion: number;
  readonly traceparent: string | null;
}

/**
 * Validates an event and gives it what its writer left out. Nothing is sent: a bad event costs the transaction nothing. A field
 * that is probably misspelt is a warning of the process. `traceparent`: of the caller, for an event that names none.
 * @throws NovaError INVALID_PAYLOAD, PAYLOAD_TOO_LARGE, INVALID_ROW, UNKNOWN_EVENT_TYPE
 */
export function outboxRow<T extends EventType>(event: NewEvent<T>, traceparent?: string): OutboxRow {
  const raw = { eventType: event.type, aggregateId: event.aggregateId ?? '', payload: event.payload };
  const parsed = parseEvent(raw);
  const { definition } = parsed;
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
  const misplaced = aggregateFault(parsed, aggregateId) ?? notUuid('id', id) ?? notUuid('aggregateId', aggregateId);
  if (misplaced !== undefined) throw new NovaError('INVALID_ROW', misplaced);
  const priority = priorities[event.priority ?? definition.priority] as number | undefined;
  if (priority === undefined) {
    const known = Object.keys(priorities).join(', ');
    const hint = didYouMean(String(event.priority), Object.keys(priorities));
    throw new NovaError(
      'INVALID_ROW',
      `priority of ${event.type} is ${String(event.priority)}; give one of ${known}${hint}`,
    );
  }
  warnOfMisspelt(raw);
  return {
    id,
    aggregateId,
    eventType: definition.type,
    payload,
    aggregateType: definition.aggregateType,
    priority,
    schemaVersion: definition.version,
    traceparent: event.traceparent ?? traceparent ?? null,
  };
}

/** Unknown fields are allowed, but the writer should know about one whose name is close to a known name. */
function warnOfMisspelt(raw: RawEvent): void {
  for (const { given, meant } of fieldsProbablyMisspelt(raw)) {
    const field = JSON.stringify(given.slice(0, 60));
    warnOnce(
      'NOVA_UNKNOWN_FIELD',
      `${raw.eventType}: the payload has a field ${field} that its schema does not know; it is kept and sent on. Did you mean ${meant}?`,
    );
  }
}

/** PostgreSQL would refuse it as well, but only with the caller's whole transaction. */
function notUuid(field: string, value: string): string | undefined {
  return isUuid(value) ? undefined : `${field} must be a UUID, got ${JSON.stringify(value).slice(0, 100)}`;
}

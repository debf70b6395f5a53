import { uuidv7 } from 'uuidv7';
import { type EventType } from '../contracts/catalogue';
import { NovaError } from '../contracts/failures';
import { aggregateFault, maxPayloadBytes, parseEvent, partitionKeyOf } from '../contracts/parse-event';
import { priorities } from '../contracts/priority';
import { isUuid } from '../runtime/uuid';
import { type NewEvent } from './new-event';

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
 * Validates an event and gives it what its writer left out. Nothing is sent: a bad event costs the transaction nothing.
 * @throws NovaError INVALID_PAYLOAD, PAYLOAD_TOO_LARGE, INVALID_ROW, UNKNOWN_EVENT_TYPE
 */
export function outboxRow<T extends EventType>(event: NewEvent<T>): OutboxRow {
  const parsed = parseEvent({ eventType: event.type, aggregateId: event.aggregateId ?? '', payload: event.payload });
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
    throw new NovaError('INVALID_ROW', `priority of ${event.type} is ${String(event.priority)}; give one of ${known}`);
  }
  return {
    id,
    aggregateId,
    eventType: definition.type,
    payload,
    aggregateType: definition.aggregateType,
    priority,
    schemaVersion: definition.version,
    traceparent: event.traceparent ?? null,
  };
}

/** PostgreSQL would refuse it as well, but only with the caller's whole transaction. */
function notUuid(field: string, value: string): string | undefined {
  return isUuid(value) ? undefined : `${field} must be a UUID, got ${JSON.stringify(value).slice(0, 100)}`;
}

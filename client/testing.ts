import { type EventType, type PayloadOf } from '../contracts/catalogue';
import { type PriorityName, priorityName } from '../contracts/priority';
import { insertsRows } from '../outbox/writes.sql';
import { type Transaction } from './publish';

/** An event as it would stand in the outbox: validated, with its defaults, in today's field names. */
export interface RecordedEventOf<T extends EventType> {
  readonly type: T;
  readonly payload: PayloadOf<T>;
  /** UUID. */
  readonly id: string;
  /** UUID. */
  readonly aggregateId: string;
  readonly aggregateType: string;
  readonly priority: PriorityName;
  readonly schemaVersion: number;
  readonly traceparent: string | null;
}

/** `event.type === '…'` narrows the payload to that of the type. */
export type RecordedEvent = { readonly [T in EventType]: RecordedEventOf<T> }[EventType];

/** A transaction that keeps what is published in it, and sends nothing. */
export interface RecordingTransaction extends Transaction {
  /** What was published, in the order of the calls. */
  readonly events: readonly RecordedEvent[];
  /** Those of one type. */
  eventsOf<T extends EventType>(type: T): RecordedEventOf<T>[];
  /** Forgets all events, as a rollback would. */
  clear(): void;
}

/**
 * For a service's own tests: `publish` and `publishMany` do with it all that they do with PostgreSQL, validation included, up to
 * the statement that they send. What PostgreSQL alone knows (rights, the order of commits) is not here.
 * @param others runs every other statement of the service, as a double of its own; without it they resolve to no rows
 */
export function recordingTransaction(others?: Transaction['query']): RecordingTransaction {
  const events: RecordedEvent[] = [];
  return {
    events,
    eventsOf: <T extends EventType>(type: T) =>
      events.filter((event): event is RecordedEvent & RecordedEventOf<T> => event.type === type),
    clear: () => void events.splice(0),
    query: async (text, values = []) => {
      if (!insertsRows(text)) return others === undefined ? { rows: [], rowCount: 0 } : others(text, values);
      events.push(...rowsOf(values).map(eventOf));
      return { rows: [], rowCount: events.length };
    },
  };
}

interface Row {
  readonly id: string;
  readonly aggregate_id: string;
  readonly event_type: string;
  readonly payload: unknown;
  readonly aggregate_type: string;
  readonly priority: number;
  readonly schema_version: number;
  readonly traceparent: string | null;
}

/** `publishMany` sends its rows as one JSON text, `publish` sends its row as one parameter per column. */
function rowsOf(values: readonly unknown[]): Row[] {
  if (values.length === 1) return JSON.parse(values[0] as string) as Row[];
  const [id, aggregate_id, event_type, payload, aggregate_type, priority, schema_version, traceparent] = values;
  const columns = { id, aggregate_id, event_type, aggregate_type, priority, schema_version, traceparent };
  return [{ ...columns, payload: JSON.parse(payload as string) as unknown } as Row];
}

function eventOf(row: Row): RecordedEvent {
  return {
    type: row.event_type,
    payload: row.payload,
    id: row.id,
    aggregateId: row.aggregate_id,
    aggregateType: row.aggregate_type,
    priority: priorityName(row.priority),
    schemaVersion: row.schema_version,
    traceparent: row.traceparent,
  } as RecordedEvent;
}

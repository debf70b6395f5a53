import { type EventType } from './catalogue';
import { mainOutbox } from './outbox-name';
import { type Priority } from './priority';
import { parseTraceparent } from './trace-context';

/**
 * What a workflow gets as its one argument: ids and numbers, never the payload. Activities load the payload from the
 * outbox row, so neither content nor e-mail enters workflow history.
 */
export interface EventRef {
  /** UUID; also the workflow id. */
  readonly eventId: string;
  /** Canonical type. */
  readonly eventType: EventType;
  readonly schemaVersion: number;
  readonly aggregateType: string;
  /** UUID. */
  readonly aggregateId: string;
  /** The outbox that holds the row; left out: `main`. Everything about the row is asked there. */
  readonly outbox?: string;
  /** Commit order within the aggregate; rises with every row of the outbox, gaps allowed. Says nothing beside rows of another outbox. */
  readonly sequence: number;
  /** `created_at` of the row with its microseconds, RFC 3339: with `eventId` it is the row's primary key. */
  readonly createdAt: string;
  /** The same in epoch milliseconds: the feed score. */
  readonly createdAtMs: number;
  readonly priority: Priority;
  /** W3C trace context of the writer, if it gave one. */
  readonly traceparent?: string;
}

/** The columns of an outbox row that say which event it is, as written: its trace context may be malformed. */
export interface EventRow extends Omit<EventRef, 'eventId' | 'eventType' | 'outbox' | 'priority' | 'traceparent'> {
  readonly id: string;
  readonly priority: number;
  readonly traceparent: string | null;
}

/** What the workflow of a row gets. `eventType`: canonical, of the spelling in the row. `outbox`: where the row is. */
export function eventRefOf(row: EventRow, eventType: EventType, outbox: string = mainOutbox): EventRef {
  const { id, schemaVersion, aggregateType, aggregateId, sequence, createdAt, createdAtMs, priority, traceparent } =
    row;
  return {
    ...{ eventId: id, eventType, schemaVersion, aggregateType, aggregateId, sequence, createdAt, createdAtMs },
    priority: priority as Priority,
    // Workers of the version before know no outbox but this.
    ...(outbox === mainOutbox ? {} : { outbox }),
    // Of no use when malformed, and no reason to lose the event.
    ...(traceparent !== null && parseTraceparent(traceparent) !== undefined ? { traceparent } : {}),
  };
}

/** A row with its payload validated and brought to today's field names. */
export interface EventRecord<Payload = Record<string, unknown>> extends EventRef {
  readonly payload: Payload;
}

import { type Domain } from '../../contracts/events/define';
import { kafkaHeaders } from '../../contracts/kafka';
import { parseEvent, partitionKeyOf } from '../../contracts/parse-event';
import { type EmitRow } from '../ports/emit-log';
import { type OutgoingEvent } from '../ports/event-sink';

/**
 * The message of a row: its payload in today's field names as the body, everything else in headers.
 * @throws NovaError UNKNOWN_EVENT_TYPE, UNSUPPORTED_VERSION, INVALID_PAYLOAD
 */
export function toOutgoingEvent(row: EmitRow, topics: Readonly<Record<Domain, string>>): OutgoingEvent {
  const event = parseEvent(row);
  return {
    eventId: row.eventId,
    topic: topics[event.definition.domain],
    key: partitionKeyOf(event),
    headers: {
      [kafkaHeaders.eventId]: row.eventId,
      [kafkaHeaders.eventType]: event.type,
      // The body was brought to today's shape, so today's version is what a subscriber must read it by.
      [kafkaHeaders.schemaVersion]: String(event.definition.version),
      [kafkaHeaders.sequence]: String(row.sequence),
      ...(row.traceparent === null ? {} : { [kafkaHeaders.traceparent]: row.traceparent }),
    },
    body: JSON.stringify(event.payload),
  };
}

import { type Domain } from '../../contracts/events/define';
import { NovaError } from '../../contracts/failures';
import { kafkaHeaders } from '../../contracts/kafka';
import { maxPayloadBytes, parseEvent, partitionKeyOf } from '../../contracts/parse-event';
import { type CloudEventsOptions, cloudEventHeadersOf } from './cloud-events';
import { type EmitRow } from './pg-emit-log';
import { type OutgoingEvent } from './event-sink';
import { exactJson } from './exact-json';

/**
 * The message of a row: its payload in today's field names as the body, with every digit that was written; everything else
 * in headers. With `cloudEvents`, in those of that standard too.
 * @throws NovaError UNKNOWN_EVENT_TYPE, UNSUPPORTED_VERSION, INVALID_PAYLOAD, PAYLOAD_TOO_LARGE
 */
export function toOutgoingEvent(
  row: EmitRow,
  topics: Readonly<Record<Domain, string>>,
  cloudEvents?: CloudEventsOptions,
): OutgoingEvent {
  const text = payloadText(row);
  const event = parseEvent({ ...row, payload: JSON.parse(text) as unknown });
  const { upgrade } = event.definition;
  const bring = (parsed: unknown) => upgrade?.(parsed as Record<string, unknown>, row.aggregateId) ?? parsed;
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
      [kafkaHeaders.contentType]: 'application/json',
      ...(row.traceparent === null ? {} : { [kafkaHeaders.traceparent]: row.traceparent }),
      ...(cloudEvents === undefined ? {} : cloudEventHeadersOf(row, event.definition, cloudEvents)),
    },
    body: exactJson(text, event.payload, bring),
  };
}

function payloadText({ payload, payloadBytes }: EmitRow): string {
  if (payload !== null) return payload;
  if (payloadBytes < 0)
    throw new NovaError('INVALID_PAYLOAD', 'the payload has no JSON text that PostgreSQL can write');
  throw new NovaError('PAYLOAD_TOO_LARGE', `payload of ${payloadBytes} bytes; the limit is ${maxPayloadBytes}`);
}

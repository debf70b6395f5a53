import { type KafkaMessage } from 'kafkajs';
import { kafkaHeaders } from '../contracts/kafka';

/** An event as a passive subscriber gets it. */
export interface ReceivedEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly schemaVersion: number;
  /** Commit order within the aggregate: an event with a lower one than was applied is stale. */
  readonly sequence: number;
  readonly traceparent: string | undefined;
  readonly topic: string;
  readonly key: string;
  /** The body as JSON.parse reads it: numbers of more than 15 digits are no longer what was written. */
  readonly payload: unknown;
  /** The body as it came, for a parser that keeps every digit. */
  readonly body: string;
}

/** @throws Error naming the header that is missing: a message that is not ours, or whose sender is broken */
export function receivedEvent(topic: string, message: KafkaMessage): ReceivedEvent {
  const optional = (name: string): string | undefined => message.headers?.[name]?.toString();
  const header = (name: string): string => {
    const value = optional(name);
    if (value === undefined || value === '')
      throw new Error(`message ${message.offset} of ${topic} has no ${name} header`);
    return value;
  };
  const body = message.value?.toString() ?? 'null';
  return {
    eventId: header(kafkaHeaders.eventId),
    eventType: header(kafkaHeaders.eventType),
    schemaVersion: Number(header(kafkaHeaders.schemaVersion)),
    sequence: Number(header(kafkaHeaders.sequence)),
    traceparent: optional(kafkaHeaders.traceparent),
    topic,
    key: message.key?.toString() ?? '',
    payload: JSON.parse(body) as unknown,
    body,
  };
}

import { type NovaError } from '../../contracts/failures';

/** A message as it goes on the wire. */
export interface OutgoingEvent {
  readonly eventId: string;
  readonly topic: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The validated payload as JSON, and nothing else. */
  readonly body: string;
}

/** `not_sent`: the time was over before its turn came. */
export type KafkaOutcome = 'acknowledged' | 'not_sent' | NovaError;

/** What became of each message, by event id. */
export type SendResult = ReadonlyMap<string, KafkaOutcome>;

/**
 * Where events go for passive subscribers.
 *
 * A port: the client of Kafka stays behind it, and tests that count messages wait there for as long as a broker takes.
 */
export interface EventSink {
  /**
   * Sends the messages of each partition in the order given and says for each what became of it; never rejects for a
   * failure of the catalogue:
   * - `not_sent`: not written; nor any later message of its partition.
   * - KAFKA_UNAVAILABLE: not known to be written (it may be). No later message of its partition was sent in this call.
   * - TOPIC_MISSING: not written; nor any other message of that topic.
   * - MESSAGE_REFUSED: the broker will never take this message; those after it were sent.
   *
   * No request begins that might not end before `deadline`, on the clock of `performance.now()`.
   */
  send(events: readonly OutgoingEvent[], deadline: number): Promise<SendResult>;
}

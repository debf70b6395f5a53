import { CompressionTypes, type Kafka } from 'kafkajs';
import { NovaError } from '../../contracts/failures';
import { toError } from '../../runtime/errors';
import { type Logger } from '../../runtime/logger';
import { type EventSink, type OutgoingEvent, type SendResult } from '../ports/event-sink';
import { chunksOf } from './kafka-chunks';
import { asKafkaFailure, isTooLarge } from './kafka-failures';
import { KafkaProducerLine, within } from './kafka-producer-line';

export interface KafkaEventSinkOptions {
  /** Bounds the sending of one chunk, acknowledgement and retries included (requirements CFG-12). */
  readonly sendTimeoutMs: number;
  readonly compression: 'none' | 'gzip';
  /** Pause between attempts to reach a broker that was lost; sends in between are refused at once. */
  readonly reconnectMs: number;
}

/** A topic found missing is not asked for again for this long, so that flushes of other topics stay quick. */
const missingMemoryMs = 2_000;

/** Sends with acknowledgement from all in-sync replicas, one request in flight per broker, in order within each topic. */
export class KafkaEventSink implements EventSink {
  private readonly line: KafkaProducerLine;
  private readonly missingUntil = new Map<string, number>();

  constructor(
    kafka: Kafka,
    logger: Logger,
    private readonly options: KafkaEventSinkOptions,
  ) {
    const { sendTimeoutMs, reconnectMs } = options;
    this.line = new KafkaProducerLine(kafka, logger, { connectTimeoutMs: sendTimeoutMs, reconnectMs });
  }

  /** Resolves after the first attempt, whether it succeeded or not. */
  connect(): Promise<void> {
    return this.line.connect();
  }

  close(): Promise<void> {
    return this.line.close();
  }

  async send(events: readonly OutgoingEvent[]): Promise<SendResult> {
    const results = new Map<string, 'acknowledged' | NovaError>();
    const topics = new Set(events.map(({ topic }) => topic));
    // Each topic by itself: one that is missing or refuses a message must not fail the others.
    await Promise.all(
      [...topics].map(async (topic) => {
        const ofTopic = events.filter((event) => event.topic === topic);
        for (const [eventId, result] of await this.sendTopic(topic, ofTopic)) results.set(eventId, result);
      }),
    );
    this.line.sweep();
    return results;
  }

  private async sendTopic(topic: string, events: readonly OutgoingEvent[]): Promise<SendResult> {
    const results = new Map<string, 'acknowledged' | NovaError>();
    const record = (chunk: readonly OutgoingEvent[], result: 'acknowledged' | NovaError): void => {
      for (const { eventId } of chunk) results.set(eventId, result);
    };
    const chunks = chunksOf(events);
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      const failure = await this.sendChunk(topic, chunk);
      if (failure === undefined) record(chunk, 'acknowledged');
      else if (isTooLarge(failure) && chunk.length > 1) {
        // The topic's limit is lower than our chunks: halve until the message at fault stands alone. Order is kept.
        const middle = Math.ceil(chunk.length / 2);
        chunks.unshift(chunk.slice(0, middle), chunk.slice(middle));
      } else {
        const error = asKafkaFailure(failure, topic);
        record(chunk, error);
        // Only a refused message may be overtaken by what comes after it.
        if (error.code !== 'MESSAGE_REFUSED') record(chunks.splice(0).flat(), error);
        if (error.code === 'TOPIC_MISSING') this.missingUntil.set(topic, Date.now() + missingMemoryMs);
      }
    }
    return results;
  }

  /** Answers what went wrong, or undefined. */
  private async sendChunk(topic: string, chunk: readonly OutgoingEvent[]): Promise<Error | undefined> {
    if ((this.missingUntil.get(topic) ?? 0) > Date.now()) return new NovaError('TOPIC_MISSING', `topic ${topic}`);
    let producer;
    try {
      producer = await this.line.producer();
      const sending = producer.send({
        topic,
        acks: -1,
        timeout: this.options.sendTimeoutMs,
        compression: this.options.compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
        messages: chunk.map(({ key, body, headers }) => ({ key, value: body, headers: { ...headers } })),
      });
      await within(this.options.sendTimeoutMs, sending);
      return undefined;
    } catch (thrown) {
      const failure = toError(thrown);
      if (producer === undefined) return failure instanceof NovaError ? failure : asKafkaFailure(failure, topic);
      if (asKafkaFailure(failure, topic).code === 'KAFKA_UNAVAILABLE') await this.line.abandon(producer, failure);
      else await this.line.replace(producer);
      return failure;
    }
  }
}

import { type EachBatchPayload, type Kafka, type KafkaMessage } from 'kafkajs';
import { type Redis } from 'ioredis';
import { kafkaHeaders } from '../contracts/kafka';
import { toError } from '../runtime/errors';
import { faultPoint } from '../runtime/fault-points';
import { LastingConsumer } from '../runtime/kafka-consumer';
import { type Service } from '../runtime/lifecycle';

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
  readonly payload: unknown;
}

export interface SubscriberOptions {
  readonly kafka: Kafka;
  readonly redis: Redis;
  /** Name of the consumer: the Kafka group, and part of the deduplication keys. */
  readonly name: string;
  readonly topics: readonly string[];
  /** Must be idempotent: a crash between its end and the mark brings the event again. */
  readonly handle: (event: ReceivedEvent) => Promise<void>;
  /**
   * A partition stopped: its event stays first in line and is tried again after `retryMs`. Without `at`: the whole consumer
   * fell (the group's coordinator is gone, no right to read) and is started anew after as long.
   */
  readonly onError: (error: Error, at?: { topic: string; partition: number; offset: string }) => void;
  readonly retryMs?: number;
}

const markSeconds = 7 * 24 * 3_600;
const usualRetryMs = 1_000;

/**
 * Hands each event of some topics to a handler, in the order of each partition. Duplicates are dropped by event id for
 * seven days; the offset is committed after the handler. An event that fails stops its partition and no other: nothing
 * is ever skipped.
 */
export class Subscriber implements Service {
  readonly name: string;
  private readonly lasting: LastingConsumer;
  private readonly retries = new Set<NodeJS.Timeout>();

  constructor(private readonly options: SubscriberOptions) {
    this.name = `subscriber ${options.name}`;
    // A partition that was stopped is fetched again when the fetch of the others is over: that bounds the pause.
    const maxWaitTimeInMs = 500;
    this.lasting = new LastingConsumer(
      options.kafka,
      { groupId: options.name, allowAutoTopicCreation: false, maxWaitTimeInMs },
      { retryMs: options.retryMs ?? usualRetryMs, onCrash: (error) => options.onError(error) },
    );
  }

  async start(): Promise<void> {
    await this.lasting.start(
      { topics: [...this.options.topics], fromBeginning: true },
      {
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 4,
        eachBatch: (payload) => this.handleBatch(payload),
      },
    );
  }

  async stop(): Promise<void> {
    for (const retry of this.retries) clearTimeout(retry);
    this.retries.clear();
    await this.lasting.stop();
  }

  private async handleBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const { consumer } = this.lasting;
    for (const message of messages) {
      if (!payload.isRunning() || payload.isStale()) return;
      try {
        await this.handleOnce(topic, message);
      } catch (thrown) {
        this.options.onError(toError(thrown), { topic, partition, offset: message.offset });
        consumer.seek({ topic, partition, offset: message.offset });
        this.resumeLater(payload.pause());
        return;
      }
      await faultPoint('subscriber.remembered');
      const next = String(BigInt(message.offset) + 1n);
      await consumer.commitOffsets([{ topic, partition, offset: next }]);
      // Otherwise the next fetch begins with this message again, for ever.
      payload.resolveOffset(message.offset);
      await payload.heartbeat();
    }
  }

  private async handleOnce(topic: string, message: KafkaMessage): Promise<void> {
    const event = receivedEvent(topic, message);
    const { redis, name, handle } = this.options;
    const mark = `processed:${name}:${event.eventId}`;
    if ((await redis.exists(mark)) === 1) return;
    await handle(event);
    await faultPoint('subscriber.handled');
    // After the handler: an event that was marked first and then failed would be lost.
    await redis.set(mark, '1', 'EX', markSeconds, 'NX');
  }

  private resumeLater(resume: () => void): void {
    const retry = setTimeout(() => {
      this.retries.delete(retry);
      resume();
    }, this.options.retryMs ?? usualRetryMs);
    this.retries.add(retry);
  }
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
  return {
    eventId: header(kafkaHeaders.eventId),
    eventType: header(kafkaHeaders.eventType),
    schemaVersion: Number(header(kafkaHeaders.schemaVersion)),
    sequence: Number(header(kafkaHeaders.sequence)),
    traceparent: optional(kafkaHeaders.traceparent),
    topic,
    key: message.key?.toString() ?? '',
    payload: JSON.parse(message.value?.toString() ?? 'null') as unknown,
  };
}

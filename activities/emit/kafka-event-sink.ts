import { CompressionTypes, type Kafka, type Producer } from 'kafkajs';
import { type NovaError } from '../../contracts/failures';
import { toError } from '../../runtime/errors';
import { groupBy } from '../../runtime/group-by';
import { type Logger } from '../../runtime/logger';
import { Turns } from '../../runtime/turns';
import { type EventSink, type OutgoingEvent, type KafkaOutcome, type SendResult } from './event-sink';
import { batchesUnderLimit } from './kafka-chunks';
import { asKafkaFailure, isConnectionFault, isTooLarge } from './kafka-failures';
import { KafkaPartitions } from './kafka-partitions';
import { KafkaProducerLine, withinKafka } from './kafka-producer-line';
import { KafkaTrouble } from './kafka-trouble';

export interface KafkaEventSinkOptions {
  /** Bounds the sending of one chunk, acknowledgement and retries included. */
  readonly sendTimeoutMs: number;
  readonly compression: 'none' | 'gzip';
  /** Pause between attempts to reach a broker that was lost; sends in between are refused at once. */
  readonly reconnectMs: number;
}

/** Messages that fail together: those of a topic while it is well, those of one partition while it is not. */
interface SendQueue {
  readonly topic: string;
  /** Undefined: all partitions. */
  readonly partition: number | undefined;
  readonly chunks: OutgoingEvent[][];
}

/** What became of a request; `too late`: it might not have ended before the deadline, and did not begin. */
type Attempt = 'acknowledged' | 'too late' | { readonly refused: NovaError } | { readonly failed: Error };

/**
 * Sends with acknowledgement from all in-sync replicas, in order within each partition, one request after another: kafkajs
 * allows an idempotent producer one request per broker, and a request that waits in line must not use up its time there.
 * The flushes of several outboxes take turns, request by request.
 */
export class KafkaEventSink implements EventSink {
  private readonly line: KafkaProducerLine;
  private readonly partitions = new KafkaPartitions();
  private readonly trouble = new KafkaTrouble();
  private readonly turns = new Turns();
  private flushes = 0;

  constructor(
    kafka: Kafka,
    logger: Logger,
    private readonly options: KafkaEventSinkOptions,
  ) {
    const { sendTimeoutMs, reconnectMs } = options;
    const { partitioner } = this.partitions;
    this.line = new KafkaProducerLine(kafka, logger, { connectTimeoutMs: sendTimeoutMs, reconnectMs, partitioner });
  }

  /** Resolves after the first attempt, whether it succeeded or not. */
  connect(): Promise<void> {
    return this.line.connect();
  }

  close(): Promise<void> {
    return this.line.close();
  }

  async send(events: readonly OutgoingEvent[], deadline: number): Promise<SendResult> {
    const results = new Map<string, KafkaOutcome>(events.map(({ eventId }) => [eventId, 'not_sent']));
    const record = (sent: readonly OutgoingEvent[], outcome: KafkaOutcome): void => {
      for (const { eventId } of sent) results.set(eventId, outcome);
    };
    const queues = this.queuesOf(events);
    // A chunk of each queue in turn, so that none waits for all of another.
    for (let queue = queues.shift(); queue !== undefined; queue = queues.shift()) {
      const { topic, partition, chunks } = queue;
      const failAll = (error: NovaError): void => record(chunks.flat(), error);
      const [chunk = []] = chunks;
      const attempt = await this.turns.take(() => this.request(queue, chunk, deadline));
      if (attempt === 'too late') break;
      if (attempt === 'acknowledged') {
        record(chunk, 'acknowledged');
        this.trouble.worked(topic, partition);
        chunks.shift();
        if (chunks.length > 0) queues.push(queue);
        continue;
      }
      if ('refused' in attempt) {
        failAll(attempt.refused);
        continue;
      }
      const failure = attempt.failed;
      if (isTooLarge(failure) && chunk.length > 1) {
        // The topic's limit is lower than our chunks: halve until the message at fault stands alone. Order is kept.
        const middle = Math.ceil(chunk.length / 2);
        chunks.splice(0, 1, chunk.slice(0, middle), chunk.slice(middle));
        queues.unshift(queue);
        continue;
      }
      const error = asKafkaFailure(failure, topic, partition);
      if (error.code === 'MESSAGE_REFUSED') {
        // Only a refused message may be overtaken by what comes after it.
        record(chunk, error);
        chunks.shift();
        if (chunks.length > 0) queues.unshift(queue);
      } else if (error.code === 'TOPIC_MISSING') {
        this.trouble.topicMissing(topic);
        failAll(error);
      } else {
        const apart = partition === undefined ? this.byPartition(topic, chunks.flat()) : [queue];
        if (apart.length > 1) {
          // One of them is at fault, and nothing says which. The others must not wait for it.
          this.trouble.failedTogether(topic);
          queues.push(...apart);
        } else {
          this.trouble.failed(topic, apart[0]?.partition, error);
          failAll(error);
        }
      }
    }
    this.line.sweep();
    return results;
  }

  /** Those that failed lately come last; of the others each is first in its turn, since a slow broker may not get to all. */
  private queuesOf(events: readonly OutgoingEvent[]): SendQueue[] {
    const queues = [...groupBy(events, ({ topic }) => topic)].flatMap(([topic, ofTopic]): SendQueue[] =>
      this.trouble.isApart(topic) || this.partitions.degraded(topic)
        ? this.byPartition(topic, ofTopic)
        : [{ topic, partition: undefined, chunks: batchesUnderLimit(ofTopic) }],
    );
    const first = queues.length === 0 ? 0 : this.flushes++ % queues.length;
    const turned = [...queues.slice(first), ...queues.slice(0, first)];
    const suspect = ({ topic, partition }: SendQueue): boolean => this.trouble.isSuspect(topic, partition);
    return [...turned.filter((queue) => !suspect(queue)), ...turned.filter(suspect)];
  }

  private byPartition(topic: string, events: readonly OutgoingEvent[]): SendQueue[] {
    const groups = groupBy(events, ({ key }) => this.partitions.of(topic, key));
    return [...groups].map(([partition, messages]) => ({ topic, partition, chunks: batchesUnderLimit(messages) }));
  }

  /** One request, if there is still time for it: its turn may have come late. */
  private async request({ topic, partition }: SendQueue, chunk: OutgoingEvent[], deadline: number): Promise<Attempt> {
    const refused = this.trouble.refusal(topic, partition);
    if (refused !== undefined) return { refused };
    let producer: Producer;
    try {
      producer = await withinKafka(Math.max(deadline - performance.now(), 0), this.line.producer());
    } catch (thrown) {
      return { refused: asKafkaFailure(toError(thrown), topic) };
    }
    if (performance.now() + this.options.sendTimeoutMs > deadline) return 'too late';
    const failed = await this.sendChunk(producer, topic, chunk);
    return failed === undefined ? 'acknowledged' : { failed };
  }

  /** Returns what went wrong, or undefined. */
  private async sendChunk(
    producer: Producer,
    topic: string,
    chunk: readonly OutgoingEvent[],
  ): Promise<Error | undefined> {
    try {
      const sending = producer.send({
        topic,
        acks: -1,
        timeout: this.options.sendTimeoutMs,
        compression: this.options.compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
        messages: chunk.map(({ key, body, headers }) => ({ key, value: body, headers: { ...headers } })),
      });
      await withinKafka(this.options.sendTimeoutMs, sending);
      return undefined;
    } catch (thrown) {
      const failure = toError(thrown);
      // Whatever it was, the producer's sequence numbers are in doubt.
      if (isConnectionFault(failure)) await this.line.abandon(producer, failure);
      else await this.line.replace(producer);
      return failure;
    }
  }
}

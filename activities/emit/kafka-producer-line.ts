import { setTimeout as pause } from 'node:timers/promises';
import { type ICustomPartitioner, type Kafka, type Producer } from 'kafkajs';
import { NovaError } from '../../contracts/failures';
import { oneLine, toError } from '../../runtime/errors';
import { type Logger } from '../../runtime/logger';
import { within } from '../../runtime/within';

/**
 * The line to Kafka: one producer at a time, replaced when in doubt.
 *
 * A failed send leaves an idempotent producer in doubt: the broker may have written the batch, and kafkajs uses its
 * sequence numbers again, so the broker would take the next, different batch of the same size for a repetition and
 * acknowledge it unwritten. A producer in doubt is therefore retired; its successor gets a producer id of its own.
 *
 * States: *connected* (`current` resolves to a producer), *lost* (no `current`; a background loop connects, and a caller
 * that asks is refused at once, so that no caller waits for a broker that is known to be down), *closed*.
 */
export class KafkaProducerLine {
  private current: Promise<Producer> | undefined;
  private retired: Producer[] = [];
  /** Disconnects under way. */
  private readonly leaving = new Set<Promise<void>>();
  private reconnecting: Promise<void> | undefined;
  private lastFailure = 'not connected yet';
  private readonly closing = new AbortController();

  constructor(
    private readonly kafka: Kafka,
    private readonly logger: Logger,
    private readonly options: {
      readonly connectTimeoutMs: number;
      readonly reconnectMs: number;
      readonly partitioner: ICustomPartitioner;
    },
  ) {}

  /** Resolves after the first attempt, whether it succeeded or not: Kafka down must not keep a worker from starting. */
  async connect(): Promise<void> {
    this.current = this.newProducer();
    await this.current.catch((thrown: unknown) => this.lose(toError(thrown)));
  }

  /** @throws NovaError KAFKA_UNAVAILABLE at once while the broker is known to be away */
  async producer(): Promise<Producer> {
    if (this.current === undefined) throw new NovaError('KAFKA_UNAVAILABLE', this.lastFailure);
    return this.current;
  }

  /**
   * After a send that the broker refused: it is there, so a successor is connected right away, and who asks
   * for a producer waits for that.
   */
  async replace(doubtful: Producer): Promise<void> {
    if (!(await this.retire(doubtful))) return;
    const successor = this.newProducer();
    this.current = successor;
    successor.catch((thrown: unknown) => {
      if (this.current === successor) this.lose(toError(thrown));
    });
  }

  /** After a send without a reply. */
  async abandon(doubtful: Producer, failure: Error): Promise<void> {
    if (await this.retire(doubtful)) this.lose(failure);
  }

  /**
   * Disconnects retired producers; call it when none of their sends is in flight. Not awaited: from a broker that does
   * not reply it takes as long as a request may.
   */
  sweep(): void {
    for (const producer of this.retired.splice(0)) this.leave(producer);
  }

  private leave(producer: Producer): void {
    const left = producer.disconnect().catch(() => undefined);
    this.leaving.add(left);
    void left.finally(() => this.leaving.delete(left));
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.reconnecting;
    const producer = await this.current?.catch(() => undefined);
    this.current = undefined;
    this.lastFailure = 'closed';
    await producer?.disconnect();
    this.sweep();
    await withinKafka(this.options.connectTimeoutMs, Promise.all(this.leaving)).catch(() => undefined);
  }

  /** False when another send has already retired it. */
  private async retire(producer: Producer): Promise<boolean> {
    if ((await this.current?.catch(() => undefined)) !== producer) return false;
    this.retired.push(producer);
    this.current = undefined;
    return true;
  }

  private lose(failure: Error): void {
    this.current = undefined;
    this.lastFailure = oneLine(failure);
    this.logger.warn({ error: this.lastFailure }, 'kafka: lost; connecting in the background (KAFKA_BROKERS)');
    this.reconnecting ??= this.reconnect().finally(() => (this.reconnecting = undefined));
  }

  private async reconnect(): Promise<void> {
    // The first try at once: of several brokers only one may be gone.
    for (let waitMs = 0; ; waitMs = this.options.reconnectMs) {
      await pause(waitMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
      if (this.closing.signal.aborted) return;
      try {
        const producer = await this.newProducer();
        this.current = Promise.resolve(producer);
        this.logger.info('kafka: connected again');
        return;
      } catch (thrown) {
        this.lastFailure = oneLine(thrown);
      }
    }
  }

  private async newProducer(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: this.options.partitioner,
      // So a moved or returned leader of a partition is noticed soon.
      metadataMaxAge: 30_000,
      // Few: Temporal retries where people can see it.
      retry: { retries: 2, initialRetryTime: 100 },
    });
    try {
      await withinKafka(this.options.connectTimeoutMs, producer.connect());
      return producer;
    } catch (thrown) {
      this.leave(producer);
      throw thrown;
    }
  }
}

/**
 * @throws NovaError KAFKA_UNAVAILABLE when the work has not ended in time; the work goes on, and its result is ignored
 */
export function withinKafka<T>(ms: number, work: Promise<T>): Promise<T> {
  return within(ms, work, () => new NovaError('KAFKA_UNAVAILABLE', `no reply from Kafka within ${Math.round(ms)} ms`));
}

import { type Consumer, type ConsumerConfig, type ConsumerRunConfig, type Kafka } from 'kafkajs';
import { toError } from './errors';

export interface LastingConsumerOptions {
  /** The consumer fell and is started again after `retryMs`: the broker's partitions wait, nothing is passed over. */
  readonly onCrash: (error: Error) => void;
  readonly retryMs?: number;
}

/**
 * A Kafka consumer that comes back after every crash. kafkajs starts one again only after errors that it calls retriable,
 * and a connection that closes while the group's coordinator is looked for is none: after a broker was starved or frozen
 * for some seconds, such a consumer is silent for good, and its process looks healthy. What only a person can repair (rights,
 * a topic) is reported at each try.
 */
export class LastingConsumer {
  readonly consumer: Consumer;
  private running: Promise<void> = Promise.resolve();
  private revival: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    kafka: Kafka,
    config: ConsumerConfig,
    private readonly options: LastingConsumerOptions,
  ) {
    // One restarts, not two: a restart of kafkajs's own could not be stopped while it is under way.
    const retry = { retries: 5, ...config.retry, restartOnFailure: () => Promise.resolve(false) };
    // A partition that had no leader is read again this long after it has one.
    this.consumer = kafka.consumer({ metadataMaxAge: 30_000, ...config, retry });
  }

  /** @throws what kafkajs throws when no broker answers, or a topic does not exist; what comes later is reported */
  async start(
    subscription: { readonly topics: string[]; readonly fromBeginning?: boolean },
    config: ConsumerRunConfig,
  ): Promise<void> {
    const { consumer } = this;
    consumer.on(consumer.events.CRASH, ({ payload }) => this.fell(payload.error, config));
    await consumer.connect();
    await consumer.subscribe(subscription);
    await this.run(config);
  }

  /** Resolves when no message is being handled any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.revival);
    await this.consumer.disconnect();
    await this.running;
    // What was just starting may have connected again.
    await this.consumer.disconnect();
  }

  private run(config: ConsumerRunConfig): Promise<void> {
    this.running = this.consumer.run(config).catch((thrown: unknown) => this.fell(toError(thrown), config));
    return this.running;
  }

  private fell(error: Error, config: ConsumerRunConfig): void {
    if (this.stopped) return;
    clearTimeout(this.revival);
    this.revival = setTimeout(() => void this.run(config), this.options.retryMs ?? 1_000);
    // Last: a listener that throws is not to keep the consumer down.
    this.options.onCrash(error);
  }
}

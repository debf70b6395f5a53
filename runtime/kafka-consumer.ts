import { setTimeout as pause } from 'node:timers/promises';
import { type Consumer, type ConsumerConfig, type ConsumerRunConfig, type Kafka, type KafkaJSError } from 'kafkajs';
import { toError } from './errors';
// Also for a client that was made elsewhere.
import './kafkajs-repaired';

export interface RestartingConsumerOptions {
  /**
   * The consumer crashed, or no broker replied at its start, and it is started again after `retryMs`: the broker's partitions
   * wait, nothing is passed over.
   */
  readonly onCrash: (error: Error) => void;
  readonly retryMs?: number;
}

/**
 * A Kafka consumer that comes back after every crash. kafkajs starts one again only after errors that it calls retriable,
 * and a connection that closes while the group's coordinator is looked for is none: after a broker was starved or frozen
 * for some seconds, such a consumer is silent for good, and its process looks healthy. What only a person can repair (rights,
 * a topic) is reported at each try.
 */
export class RestartingConsumer {
  readonly consumer: Consumer;
  private running: Promise<void> = Promise.resolve();
  private restartTimer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();

  constructor(
    kafka: Kafka,
    config: ConsumerConfig,
    private readonly options: RestartingConsumerOptions,
  ) {
    // Only this class restarts the consumer: kafkajs's own restart could not be stopped while it is under way.
    const retry = { retries: 5, ...config.retry, restartOnFailure: () => Promise.resolve(false) };
    // A partition that had no leader is read again this long after it has one.
    this.consumer = kafka.consumer({ metadataMaxAge: 30_000, ...config, retry });
  }

  /**
   * Resolves when the consumer runs. No broker, no leader, or a topic that does not exist yet: each try is reported, until one
   * succeeds or `stop` is called.
   * @throws what kafkajs does not call retriable, such as a login that is refused; what comes later is reported
   */
  async start(
    subscription: { readonly topics: string[]; readonly fromBeginning?: boolean },
    config: ConsumerRunConfig,
  ): Promise<void> {
    const { consumer } = this;
    consumer.on(consumer.events.CRASH, ({ payload }) => this.crashed(payload.error, config));
    for (;;) {
      try {
        await consumer.connect();
        await consumer.subscribe(subscription);
        break;
      } catch (thrown) {
        if (this.stopping.signal.aborted) return;
        if (!mayPass(thrown)) throw thrown;
        this.options.onCrash(toError(thrown));
        await pause(this.retryMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
      if (this.stopping.signal.aborted) return;
    }
    await this.run(config);
  }

  /** Resolves when no message is being handled any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.restartTimer);
    await this.consumer.disconnect();
    await this.running;
    // What was just starting may have connected again.
    await this.consumer.disconnect();
  }

  private get retryMs(): number {
    return this.options.retryMs ?? 1_000;
  }

  private run(config: ConsumerRunConfig): Promise<void> {
    this.running = this.consumer.run(config).catch((thrown: unknown) => this.crashed(toError(thrown), config));
    return this.running;
  }

  private crashed(error: Error, config: ConsumerRunConfig): void {
    if (this.stopping.signal.aborted) return;
    clearTimeout(this.restartTimer);
    this.restartTimer = setTimeout(() => void this.run(config), this.retryMs);
    // Last: a listener that throws is not to keep the consumer down.
    this.options.onCrash(error);
  }
}

/**
 * kafkajs gives up what it calls retriable after some tries; that it was retriable is still true. Its errors are known by their
 * name: an ES module cannot import their class from kafkajs.
 */
function mayPass(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !thrown.name.startsWith('KafkaJS')) return false;
  return (thrown as KafkaJSError).retriable || thrown.name === 'KafkaJSNumberOfRetriesExceeded';
}

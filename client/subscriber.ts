import { randomUUID } from 'node:crypto';
import { type EachBatchPayload, type Kafka, type KafkaMessage } from 'kafkajs';
import { type Redis } from 'ioredis';
import { toError } from '../runtime/errors';
import { faultPoint } from '../runtime/fault-points';
import { LastingConsumer } from '../runtime/kafka-consumer';
import { type Service } from '../runtime/service';
import { HandlingClaims } from './handling-claim';
import { type ReceivedEvent, receivedEvent } from './received-event';
import { WatchedHandling } from './watched-handling';

export { type ReceivedEvent } from './received-event';

export interface SubscriberOptions {
  readonly kafka: Kafka;
  /**
   * Set `socketTimeout`, a little more than `commandTimeout`: without it a connection whose other end vanished without a word
   * is kept for as long as the kernel keeps it, and no event is handled meanwhile.
   */
  readonly redis: Redis;
  /** Name of the consumer: the Kafka group, and part of the keys in Redis. */
  readonly name: string;
  readonly topics: readonly string[];
  /**
   * Its end is the end of the event: what it rejects with stops the partition, and the event is handled again.
   *
   * It must be idempotent: a crash between its end and the mark brings the event again. It must not begin what it does
   * not wait for, nor block the process for as long as a third of `sessionTimeoutMs`. `signal` is aborted when the event
   * may be given to another consumer (the partition or the claim is lost), when `handleTimeoutMs` has passed, and when
   * the subscriber stops. A handler that stops early because of it must reject (`signal.throwIfAborted()`): a return says
   * that the event is done.
   *
   * No claim protects against a process that was frozen in the middle of a handler and wakes up minutes later. For full
   * safety, compare `event.sequence` with that of the last event applied to the aggregate, in the same statement that
   * writes (`… WHERE applied_sequence < $1`), and pass over what is older.
   */
  readonly handle: (event: ReceivedEvent, signal: AbortSignal) => Promise<void>;
  /**
   * A partition stopped, or a handler passed its time: the event stays first in line and is tried again after `retryMs`.
   * Without `at`: the whole consumer fell (the group's coordinator is gone, no right to read), or could not start yet (no
   * broker, no such topic), and is started again after as long.
   */
  readonly onError: (error: Error, at?: { topic: string; partition: number; offset: string }) => void;
  /** Pause of a partition whose event failed, or is still handled elsewhere, milliseconds. Default 1,000. */
  readonly retryMs?: number;
  /**
   * How long the group, and the claim on a partition, outlive a consumer that died, milliseconds. Default 30,000. Brokers
   * take 6,000 to 1,800,000 unless configured otherwise. Running handlers do not count: heartbeats go on beside them.
   */
  readonly sessionTimeoutMs?: number;
  /**
   * How long a group that gains or loses a member waits for running handlers before it gives their partitions to others,
   * milliseconds; meanwhile the group's other partitions wait too. The new owner still waits for the handler. Default
   * 60,000.
   */
  readonly rebalanceTimeoutMs?: number;
  /**
   * A handler that runs for longer is reported and its signal aborted, milliseconds. One that ignores that for as long
   * again is no longer waited for, and its event is tried again. Default 300,000.
   */
  readonly handleTimeoutMs?: number;
}

const markSeconds = 7 * 24 * 3_600;
const usual = { retryMs: 1_000, sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 60_000, handleTimeoutMs: 300_000 };

/**
 * Hands each event of some topics to a handler, in the order of each partition. Duplicates are dropped by event id for
 * seven days; the offset is committed after the handler. An event that fails stops its partition and no other: nothing
 * is ever skipped.
 *
 * However slow the handler is, no second consumer begins its event, or a later one of its partition, before it has ended:
 * heartbeats keep the partition, and a claim in Redis makes the next owner wait if the partition goes all the same.
 */
export class Subscriber implements Service {
  readonly name: string;
  private readonly lasting: LastingConsumer;
  private readonly claims: HandlingClaims;
  private readonly times: typeof usual;
  private readonly retries = new Set<NodeJS.Timeout>();
  private readonly stopping = new AbortController();

  /** @throws RangeError when one of the times is not a whole number of milliseconds above zero */
  constructor(private readonly options: SubscriberOptions) {
    this.name = `subscriber ${options.name}`;
    this.times = timesOf(options);
    const { retryMs, sessionTimeoutMs: sessionTimeout, rebalanceTimeoutMs: rebalanceTimeout } = this.times;
    this.claims = new HandlingClaims(options.redis, { name: options.name, leaseMs: sessionTimeout, markSeconds });
    this.lasting = new LastingConsumer(
      options.kafka,
      {
        groupId: options.name,
        allowAutoTopicCreation: false,
        // A partition that was stopped is fetched again when the fetch of the others is over: that bounds the pause.
        maxWaitTimeInMs: 500,
        sessionTimeout,
        rebalanceTimeout,
        // kafkajs leaves out what comes sooner; the timer beside a handler comes every third.
        heartbeatInterval: Math.floor(sessionTimeout / 6),
      },
      { retryMs, onCrash: (error) => options.onError(error) },
    );
  }

  /**
   * Resolves when it reads. A service may start before Kafka does: each try is reported to `onError`.
   * @throws what no further try would change, such as a login that is refused
   */
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

  /** Aborts the signals of running handlers and resolves when they have ended. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error(`${this.name} is stopping`));
    for (const retry of this.retries) clearTimeout(retry);
    this.retries.clear();
    await this.lasting.stop();
  }

  private async handleBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    for (const message of messages) {
      if (!payload.isRunning() || payload.isStale()) return;
      const at = { topic, partition, offset: message.offset };
      try {
        if (!(await this.handleOnce(payload, message))) return this.stopPartition(payload, at);
      } catch (thrown) {
        // An end that was asked for is no error.
        if (thrown !== this.stopping.signal.reason) this.options.onError(toError(thrown), at);
        if (thrown instanceof Expelled) throw thrown.cause;
        return this.stopPartition(payload, at);
      }
      await faultPoint('subscriber.remembered');
      await this.commit(payload, at);
      // Otherwise the next fetch begins with this message again, without end.
      payload.resolveOffset(message.offset);
      await payload.heartbeat();
    }
  }

  /** False: another handling of this partition has not ended. */
  private async handleOnce(payload: EachBatchPayload, message: KafkaMessage): Promise<boolean> {
    const { topic, partition } = payload.batch;
    const event = receivedEvent(topic, message);
    const claim = await this.claims.begin(event.eventId, { topic, partition }, randomUUID());
    if (claim === 'handled') return true;
    if (claim === 'held') return false;
    const { onError, handle } = this.options;
    const watched = new WatchedHandling({
      ...this.times,
      heartbeat: () => payload.heartbeat(),
      renew: () => claim.renew(),
      onLate: (error) => onError(error, { topic, partition, offset: message.offset }),
      stopping: this.stopping.signal,
    });
    try {
      await watched.run(async (signal) => {
        await handle(event, signal);
        await faultPoint('subscriber.handled');
      });
      // After the handler: an event that was marked first and then failed would be lost.
      if (!(await claim.finish()))
        throw new Error(`event ${event.eventId} was handled here, but its claim was lost before the end: not marked`);
    } catch (thrown) {
      await claim.release().catch(() => undefined);
      throw watched.expulsion === undefined ? thrown : new Expelled(toError(thrown).message, watched.expulsion);
    }
    if (watched.expulsion !== undefined)
      throw new Expelled(`event ${event.eventId} is handled, but its partition was lost meanwhile`, watched.expulsion);
    return true;
  }

  private async commit(
    payload: EachBatchPayload,
    at: { topic: string; partition: number; offset: string },
  ): Promise<void> {
    const { topic, partition } = at;
    const offset = String(BigInt(at.offset) + 1n);
    // A consumer that stops commits nothing by itself any more.
    if (payload.isRunning()) await this.lasting.consumer.commitOffsets([{ topic, partition, offset }]);
    else await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
  }

  private stopPartition(payload: EachBatchPayload, at: { topic: string; partition: number; offset: string }): void {
    if (!payload.isRunning()) return;
    this.lasting.consumer.seek(at);
    const resume = payload.pause();
    const retry = setTimeout(() => {
      this.retries.delete(retry);
      resume();
    }, this.times.retryMs);
    this.retries.add(retry);
  }
}

/** Kafka took the partition away while its event was handled; `cause` makes kafkajs join the group again. */
class Expelled extends Error {
  constructor(
    message: string,
    override readonly cause: Error,
  ) {
    super(message, { cause });
  }
}

function timesOf(options: SubscriberOptions): typeof usual {
  const names = Object.keys(usual) as (keyof typeof usual)[];
  return Object.fromEntries(
    names.map((name) => {
      const ms = options[name] ?? usual[name];
      if (!Number.isSafeInteger(ms) || ms < 1)
        throw new RangeError(
          `subscriber ${options.name}: ${name} is ${ms}; give a whole number of milliseconds above 0`,
        );
      return [name, ms];
    }),
  ) as typeof usual;
}

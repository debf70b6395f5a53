import { randomUUID } from 'node:crypto';
import { type EachBatchPayload, type KafkaMessage } from 'kafkajs';
import { toError } from '../runtime/errors';
import { faultPoint } from '../runtime/fault-points';
import { RestartingConsumer } from '../runtime/kafka-consumer';
import { type Service } from '../runtime/service';
import { type SubscriberCounts, type SubscriberResult } from './counts';
import { DeadLetters, FailedTries, type MessagePlace, RetryLater } from './dead-letters';
import { inRedis } from './deduplicate';
import { type Claim, type Claims } from './handling-claim';
import { type ReceivedEvent, receivedEvent } from './received-event';
import { type SubscriberOptions, type SubscriberTimes, longestPauseMs, timesOf } from './subscriber-options';
import { inHandlersSpan } from './trace-context';
import { WatchedHandling } from './watched-handling';

export { type ReceivedEvent } from './received-event';
export { type SubscriberOptions } from './subscriber-options';

/**
 * Hands each event of some topics to a handler, in the order of each partition. Duplicates are dropped by event id for
 * as long as it is remembered; the offset is committed after the handler. An event that fails stops its partition and no
 * other: nothing is ever skipped, and what is given up is in the topic of dead letters first.
 *
 * However slow the handler is, no second consumer begins its event, or a later one of its partition, before it has ended:
 * heartbeats keep the partition, and a claim makes the next owner wait if the partition goes all the same.
 */
export class Subscriber implements Service {
  readonly name: string;
  private readonly restarting: RestartingConsumer;
  private readonly claims: Claims;
  private readonly deadLetters: DeadLetters | undefined;
  private readonly times: SubscriberTimes;
  private readonly tries = new FailedTries();
  private readonly retries = new Set<NodeJS.Timeout>();
  private readonly stopping = new AbortController();
  private readonly counted = { handled: 0, duplicates: 0, passedOver: 0, failed: 0, deadLetters: 0 };

  /** @throws RangeError when one of the times is not a whole number of milliseconds above zero */
  constructor(private readonly options: SubscriberOptions) {
    this.name = `subscriber ${options.name}`;
    this.times = timesOf(options);
    const { retryMs, sessionTimeoutMs: sessionTimeout, rebalanceTimeoutMs: rebalanceTimeout } = this.times;
    const { deduplicate = options.redis && inRedis(options.redis), deadLetters } = options;
    if (typeof options.onError !== 'function')
      throw new TypeError(`${this.name}: give onError: it is called with each error, and with where it was`);
    if (deduplicate === undefined) throw new TypeError(`${this.name}: give deduplicate: inRedis(…) or inPostgres(…)`);
    const longestMs = 2 * this.times.handleTimeoutMs + sessionTimeout;
    this.claims = deduplicate.claimsOf(options.name, { leaseMs: sessionTimeout, longestMs });
    this.deadLetters = deadLetters && new DeadLetters(options.kafka, options.name, deadLetters);
    this.restarting = new RestartingConsumer(
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
    await this.restarting.start(
      { topics: [...this.options.topics], fromBeginning: true },
      {
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 4,
        eachBatch: (payload) => this.handleBatch(payload),
      },
    );
  }

  /** Begins no event any more, aborts the signals of running handlers after `stopGraceMs`, and resolves when they have ended. */
  async stop(): Promise<void> {
    for (const retry of this.retries) clearTimeout(retry);
    this.retries.clear();
    const { stopGraceMs = 0 } = this.options;
    const abort = (): void => this.stopping.abort(new Error(`${this.name} is stopping`));
    const grace = stopGraceMs > 0 ? setTimeout(abort, stopGraceMs) : void abort();
    await this.restarting.stop();
    clearTimeout(grace);
    await this.deadLetters?.stop();
  }

  /** What was done so far, by this process. */
  counts(): SubscriberCounts {
    return { ...this.counted };
  }

  private count(result: SubscriberResult): void {
    this.counted[result] += 1;
  }

  private async handleBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    for (const message of messages) {
      if (!payload.isRunning() || payload.isStale()) return;
      const at = { topic, partition, offset: message.offset };
      try {
        if (!(await this.handleOnce(payload, message, at))) return this.stopPartition(payload, at);
      } catch (thrown) {
        // An end that was asked for is no error.
        if (thrown !== this.stopping.signal.reason) {
          this.count('failed');
          this.options.onError(toError(thrown), at);
        }
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
  private async handleOnce(payload: EachBatchPayload, message: KafkaMessage, at: MessagePlace): Promise<boolean> {
    let event: ReceivedEvent;
    try {
      event = receivedEvent(at.topic, message);
    } catch (thrown) {
      // No event: nothing to remember, and no later try can read it.
      if (this.deadLetters === undefined) throw thrown;
      await this.deadLetters.send(at, message, toError(thrown), 1);
      this.count('deadLetters');
      return true;
    }
    if (this.options.wants?.(event.eventType) === false) {
      this.count('passedOver');
      return true;
    }
    const claim = await this.claims.begin(event.eventId, at, randomUUID());
    if (claim === 'handled') {
      this.count('duplicates');
      return true;
    }
    if (claim === 'held') return false;
    const watched = this.watch(payload, claim, at);
    try {
      await this.handleClaimed(watched, event, claim, { message, at, again: () => this.watch(payload, claim, at) });
    } catch (thrown) {
      await claim.release().catch(() => undefined);
      throw watched.expulsion === undefined ? thrown : new Expelled(toError(thrown).message, watched.expulsion);
    }
    if (watched.expulsion !== undefined)
      throw new Expelled(`event ${event.eventId} is handled, but its partition was lost meanwhile`, watched.expulsion);
    return true;
  }

  /** The handler, and then the mark. What is given up is marked as well: its dead letter is acknowledged by then. */
  private async handleClaimed(
    watched: WatchedHandling,
    event: ReceivedEvent,
    claim: Claim,
    { message, at, again }: { message: KafkaMessage; at: MessagePlace; again: () => WatchedHandling },
  ): Promise<void> {
    let mark = () => claim.finish();
    let result: SubscriberResult = 'handled';
    try {
      await watched.run(async (signal) => {
        await inHandlersSpan(event, this.options.name, () => this.options.handle(event, signal, claim.context));
        await faultPoint('subscriber.handled');
      });
    } catch (thrown) {
      if (watched.isLost || this.stopping.signal.aborted || thrown instanceof RetryLater) throw thrown;
      const tries = this.tries.failed(at);
      const letters = this.deadLetters;
      if (letters?.givesUp(thrown, tries) !== true) throw thrown;
      this.options.onError(letters.farewell(event.eventId, toError(thrown), tries), at);
      // Under a watch of its own: Kafka may take its time, and the partition is to stay here meanwhile.
      await again().run(() => letters.send(at, message, toError(thrown), tries));
      mark = () => claim.giveUp();
      result = 'deadLetters';
    }
    // After the handler: an event that was marked first and then failed would be lost.
    if (!(await mark()))
      throw new Error(`event ${event.eventId} was handled here, but its claim was lost before the end: not marked`);
    this.count(result);
  }

  private watch(payload: EachBatchPayload, claim: Claim, at: MessagePlace): WatchedHandling {
    return new WatchedHandling({
      ...this.times,
      heartbeat: () => payload.heartbeat(),
      renew: () => claim.renew(),
      onLate: (error) => this.options.onError(error, at),
      stopping: this.stopping.signal,
    });
  }

  private async commit(payload: EachBatchPayload, at: MessagePlace): Promise<void> {
    const { topic, partition } = at;
    const offset = String(BigInt(at.offset) + 1n);
    // A consumer that stops commits nothing by itself any more.
    if (payload.isRunning()) await this.restarting.consumer.commitOffsets([{ topic, partition, offset }]);
    else await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
  }

  /** An outage ends within the tries of an event, as a rule, when they are further and further apart. */
  private pauseMs(at: MessagePlace): number {
    const { retryMs } = this.times;
    const tries = this.tries.triesOf(at);
    return Math.max(retryMs, Math.min(retryMs * 2 ** Math.max(0, tries - 1), longestPauseMs));
  }

  private stopPartition(payload: EachBatchPayload, at: MessagePlace): void {
    if (!payload.isRunning()) return;
    this.restarting.consumer.seek(at);
    const resume = payload.pause();
    const retry = setTimeout(() => {
      this.retries.delete(retry);
      resume();
    }, this.pauseMs(at));
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

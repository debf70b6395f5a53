import { type Kafka } from 'kafkajs';
import { type Redis } from 'ioredis';
import { type DeadLetterOptions, type MessagePlace } from './dead-letters';
import { type Deduplication } from './deduplicate';
import { type ReceivedEvent } from './received-event';

export interface SubscriberOptions {
  readonly kafka: Kafka;
  /** Where handled events are remembered: `inRedis` or `inPostgres`. */
  readonly deduplicate?: Deduplication;
  /** Short for `deduplicate: inRedis(redis)`. */
  readonly redis?: Redis;
  /** Name of the consumer: the Kafka group, and part of what is remembered. */
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
  readonly handle: (event: ReceivedEvent, signal: AbortSignal, context: object) => Promise<void>;
  /** Types that are handled; events of others are passed over. Default: all. */
  readonly wants?: (eventType: string) => boolean;
  /** What becomes of events that fail again and again, and of messages that are no events. Absent: tried without end. */
  readonly deadLetters?: DeadLetterOptions;
  /**
   * A partition stopped, or a handler passed its time: the event stays first in line and is tried again after `retryMs`.
   * Without `at`: the whole consumer fell (the group's coordinator is gone, no right to read), or could not start yet (no
   * broker, no such topic), and is started again after as long.
   */
  readonly onError: (error: Error, at?: MessagePlace) => void;
  /**
   * Pause of a partition whose event failed, or is still handled elsewhere, milliseconds. Default 1,000. With `deadLetters` it
   * doubles with each try of the event, up to a minute.
   */
  readonly retryMs?: number;
  /** How long `stop` waits for running handlers before it aborts their signals, milliseconds. Default 0. */
  readonly stopGraceMs?: number;
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

/** An event that fails is never tried again later than this, milliseconds. */
export const longestPauseMs = 60_000;
const usual = { retryMs: 1_000, sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 60_000, handleTimeoutMs: 300_000 };

export type SubscriberTimes = typeof usual;

/** @throws RangeError when one of the times is not a whole number of milliseconds above zero */
export function timesOf(options: SubscriberOptions): SubscriberTimes {
  const names = Object.keys(usual) as (keyof SubscriberTimes)[];
  return Object.fromEntries(
    names.map((name) => {
      const ms = options[name] ?? usual[name];
      if (!Number.isSafeInteger(ms) || ms < 1)
        throw new RangeError(
          `subscriber ${options.name}: ${name} is ${ms}; give a whole number of milliseconds above 0`,
        );
      return [name, ms];
    }),
  ) as SubscriberTimes;
}

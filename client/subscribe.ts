import { type Kafka } from 'kafkajs';
import { type EventType, type PayloadOf, definitionOf } from '../contracts/catalogue';
import { type Domain } from '../contracts/events/define';
import { NovaError } from '../contracts/failures';
import { parseEvent } from '../contracts/parse-event';
import { type SubscriberCounts } from './counts';
import { InvalidEvent } from './dead-letters';
import { type Deduplication } from './deduplicate';
import { type TopicLag, lagOf } from './lag';
import { type ReceivedEvent, Subscriber, type SubscriberOptions } from './subscriber';
import { topicOf } from './topic-of';

/** An event of one type, its payload validated, with defaults, in today's names. */
export interface EventOf<T extends EventType> extends Omit<ReceivedEvent, 'eventType' | 'payload'> {
  readonly eventType: T;
  readonly payload: PayloadOf<T>;
}

/** What a handler gets beside the event. */
export interface Handling {
  /** Aborted when the event may be given to another consumer, when its time is over, and at the end of `stop`. */
  readonly signal: AbortSignal;
}

export type Handlers<Context extends object> = {
  readonly [T in EventType]?: (event: EventOf<T>, handling: Handling & Context) => Promise<void>;
};

type Times = Pick<
  SubscriberOptions,
  'retryMs' | 'sessionTimeoutMs' | 'rebalanceTimeoutMs' | 'handleTimeoutMs' | 'stopGraceMs'
>;

export interface SubscribeOptions<Context extends object>
  extends Times, Pick<SubscriberOptions, 'onError' | 'deadLetters'> {
  readonly kafka: Kafka;
  /** The Kafka group: processes of one group share the partitions, each event goes to one of them. */
  readonly group: string;
  /** By event type. The topics follow from them; events of other types on these topics are passed over. */
  readonly handlers: Handlers<Context>;
  /** `inRedis(redis)` or `inPostgres(pool)`. */
  readonly deduplicate: Deduplication<Context>;
  /** KAFKA_TOPIC_PREFIX of the deployment. Default `nova`. */
  readonly topicPrefix?: string;
  /** By domain, topics that the deployment names otherwise. */
  readonly topics?: Partial<Record<Domain, string>>;
}

export interface Subscription {
  /** What is read. */
  readonly topics: readonly string[];
  /** Messages that the group has not committed yet, of each partition. Asks the brokers each time. */
  lag(): Promise<TopicLag[]>;
  /** What this process has done of them so far. */
  counts(): SubscriberCounts;
  /**
   * Begins no event any more, waits for running handlers, for `stopGraceMs` (default 5,000) without their signals, and commits
   * what they did. Resolves when nothing runs any more.
   */
  stop(): Promise<void>;
}

const graceMs = 5_000;

/**
 * Handles events of some types, each once and in the order of its Kafka key. Resolves when the consumer runs. While there is no
 * broker it waits, and neither resolves nor rejects: each try is reported to `onError`, without a place.
 *
 * A handler's end is the end of the event: what it rejects with stops the partition, and the event is tried again after a
 * pause; see `SubscriberOptions.handle` for what a handler must not do. With `deadLetters`, an event that failed so many times,
 * and at once one whose payload does not fit the catalogue, goes to that topic; what follows it goes on when Kafka has
 * acknowledged that. Without `deadLetters` nothing is given up: such an event stops its partition until it is handled.
 * @throws RangeError, TypeError for options that cannot be right; NovaError UNKNOWN_EVENT_TYPE for a handler of a type that the
 *   catalogue does not have; what kafkajs does not call retriable, such as a login that is refused
 */
export async function subscribe<Context extends object>(options: SubscribeOptions<Context>): Promise<Subscription> {
  const { kafka, group, handlers, topicPrefix, topics: overrides, ...rest } = options;
  const types = Object.keys(handlers) as EventType[];
  if (types.length === 0) throw new TypeError(`subscriber ${group}: handlers has no event type`);
  const topics = [...new Set(types.map((type) => topicOf(type, topicPrefix, overrides)))];
  const wanted = new Set<string>(types.map((type) => definitionOf(type)?.type ?? type));
  const subscriber = new Subscriber({
    stopGraceMs: graceMs,
    ...rest,
    deduplicate: options.deduplicate,
    kafka,
    name: group,
    topics,
    wants: (eventType) => wanted.has(eventType),
    handle: async (event, signal, context) => {
      const handler = handlers[event.eventType as EventType] as Handler<Context>;
      await handler(typed(event), { ...(context as Context), signal });
    },
  });
  await subscriber.start();
  return {
    topics,
    lag: () => lagOf(kafka, group, topics),
    counts: () => subscriber.counts(),
    stop: () => subscriber.stop(),
  };
}

type Handler<Context> = (event: EventOf<EventType>, handling: Handling & Context) => Promise<void>;

/** @throws InvalidEvent when no version of this library could read it; NovaError UNSUPPORTED_VERSION when a newer one may */
function typed(event: ReceivedEvent): EventOf<EventType> {
  const { eventType, key, payload, schemaVersion } = event;
  try {
    const parsed = parseEvent({ eventType, aggregateId: key, payload, schemaVersion });
    return { ...event, eventType: parsed.type, payload: parsed.payload };
  } catch (thrown) {
    if (thrown instanceof NovaError && thrown.code !== 'UNSUPPORTED_VERSION')
      throw new InvalidEvent(thrown.message, { cause: thrown });
    throw thrown;
  }
}

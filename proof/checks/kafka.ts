import { isDeepStrictEqual } from 'node:util';
import { definitionOf } from '../../contracts/catalogue';
import { kafkaHeaders } from '../../contracts/kafka';
import { type StoredMessage } from '../observe/kafka-reader';
import { thousands as n } from '../report/thousands';
import { checked, type CheckResult } from './check';
import { type OutboxRow } from './evidence';
import { groupBy } from '../../runtime/group-by';
import { type TrueEvent, type Truth } from './truth';

/** Sentences, by what is wrong. */
export interface KafkaFaults {
  readonly missing: readonly string[];
  /** On Kafka more than once: what a crash may leave, and a healthy run does not. */
  readonly duplicates: readonly string[];
  /** Sent after the row was marked as emitted: what no crash may leave. */
  readonly late: readonly string[];
  readonly disorder: readonly string[];
  /** Of events that were rolled back, or that are unknown. */
  readonly strangers: readonly string[];
  readonly wrong: readonly string[];
  /** Posts whose first `created` stands behind their first `deleted`. */
  readonly reborn: readonly string[];
}

/** When rows were marked as emitted, and which late copies a fault of the servers explains. */
export interface Marks {
  readonly rows: readonly Pick<OutboxRow, 'id' | 'emittedAtMs'>[];
  readonly isExplained?: (markedAtMs: number, storedAtMs: number) => boolean;
}

/** Every committed event is on Kafka once, in the order of its aggregate, with its payload as the body. */
export function checkKafka(
  truth: Pick<Truth, 'events' | 'rolledBack'>,
  messages: readonly StoredMessage[],
  marks?: Marks,
): CheckResult {
  const { missing, duplicates, late, disorder, strangers, wrong, reborn } = kafkaFaults(truth, messages, marks);
  return checked(
    'kafka',
    'every committed event is on Kafka once, in the order of its aggregate, its payload as the body',
    `${n(messages.length)} messages, ${duplicates.length} twice, ${disorder.length} out of order`,
    {
      kafkaMessages: messages.length,
      missing: missing.length,
      duplicates: duplicates.length,
      outOfOrder: disorder.length,
      wrong: wrong.length,
      strangers: strangers.length,
    },
    [...missing, ...duplicates, ...late, ...disorder, ...reborn, ...strangers, ...wrong],
  );
}

export function kafkaFaults(
  { events, rolledBack }: Pick<Truth, 'events' | 'rolledBack'>,
  messages: readonly StoredMessage[],
  marks: Marks = { rows: [] },
): KafkaFaults {
  const byEvent = groupBy(messages, (message) => message.headers[kafkaHeaders.eventId] ?? '');
  const known = new Map(events.map((event) => [event.id, event]));
  const missing = events
    .filter(({ id }) => !byEvent.has(id))
    .map(({ id, type }) => `event ${id} (${type}) is not on Kafka`);
  const duplicates: string[] = [];
  const strangers: string[] = [];
  const wrong: string[] = [];
  const first: { event: TrueEvent; message: StoredMessage }[] = [];
  for (const [id, copies] of byEvent) {
    const event = known.get(id);
    const message = firstOf(copies);
    if (message === undefined) continue;
    if (copies.length > 1) duplicates.push(`event ${id} is on Kafka ${copies.length} times`);
    if (event === undefined) {
      strangers.push(
        `message ${place(message)} is of ${rolledBack.has(id) ? 'the rolled-back' : 'the unknown'} event ${id}`,
      );
      continue;
    }
    wrong.push(...copies.flatMap((copy) => faultsOf(event, copy)));
    first.push({ event, message });
  }
  const late = lateCopies(byEvent, marks);
  return { missing, duplicates, late, disorder: outOfOrder(first), strangers, wrong, reborn: reborn(messages) };
}

/** By offset, however the copies arrived. */
function firstOf(copies: readonly StoredMessage[]): StoredMessage | undefined {
  return [...copies].sort((a, b) => a.offset - b.offset)[0];
}

/** The clocks of PostgreSQL and of the broker are this machine's, read one after the other. */
const clockMarginMs = 200;

/**
 * Kafka may get an event again, but only while its mark is not written. After it only an emitter that was held up between
 * reading and sending may come too late.
 */
function lateCopies(
  byEvent: ReadonlyMap<string, readonly StoredMessage[]>,
  { rows, isExplained = () => false }: Marks,
): string[] {
  return rows.flatMap(({ id, emittedAtMs: markedAt }) => {
    if (markedAt === null) return [];
    const late = (byEvent.get(id) ?? []).filter(
      ({ storedAtMs: at }) => at > markedAt + clockMarginMs && !isExplained(markedAt, at),
    );
    return late.map(
      (message) =>
        `event ${id} went to Kafka (${place(message)}) ${Math.round(message.storedAtMs - markedAt)} ms after it was marked`,
    );
  });
}

function reborn(messages: readonly StoredMessage[]): string[] {
  const first = new Map<string, number>();
  for (const { key, headers, offset } of messages) {
    const name = `${headers[kafkaHeaders.eventType]} ${key}`;
    first.set(name, Math.min(offset, first.get(name) ?? Infinity));
  }
  return [...first].flatMap(([name, deletedAt]) => {
    const [type, postId] = name.split(' ');
    if (type !== 'content.post.deleted') return [];
    const createdAt = first.get(`content.post.created ${postId}`) ?? -1;
    return createdAt > deletedAt ? [`post ${postId} is created on Kafka after it is deleted`] : [];
  });
}

/** Sequences must rise along each partition, and an aggregate must keep to one partition of a topic. */
function outOfOrder(first: readonly { event: TrueEvent; message: StoredMessage }[]): string[] {
  const groups = groupBy(first, ({ event, message }) => `${message.topic} ${event.aggregateId}`);
  return [...groups.values()].flatMap((group) => {
    const partitions = new Set(group.map(({ message }) => message.partition));
    const { aggregateId } = group[0]?.event ?? {};
    if (partitions.size > 1)
      return [`aggregate ${aggregateId} is spread over partitions ${[...partitions].join(', ')}`];
    const inOrder = [...group].sort((a, b) => a.message.offset - b.message.offset);
    return inOrder.flatMap(({ event, message }, i) => {
      const before = inOrder[i - 1]?.event;
      return before !== undefined && before.sequence > event.sequence
        ? [`${place(message)}: event ${event.id} (sequence ${event.sequence}) after ${before.id} (${before.sequence})`]
        : [];
    });
  });
}

function faultsOf(event: TrueEvent, message: StoredMessage): string[] {
  const definition = definitionOf(event.type);
  const expected: [string, unknown, unknown][] = [
    ['type', event.type, message.headers[kafkaHeaders.eventType]],
    ['sequence', String(event.sequence), message.headers[kafkaHeaders.sequence]],
    ['key', event.payload[definition?.partitionKey ?? ''], message.key],
  ];
  const faults = expected.flatMap(([what, wanted, got]) =>
    wanted === got ? [] : [`event ${event.id}: ${what} ${String(got)} on Kafka, expected ${String(wanted)}`],
  );
  // The body is not shown: it is content.
  const same = isDeepStrictEqual(parse(message.body), bodyOf(event));
  return same ? faults : [...faults, `event ${event.id}: its body on Kafka is not its payload`];
}

/** The payload of the row; a field that the writer left out has the default of its schema. */
function bodyOf({ type, payload }: TrueEvent): unknown {
  const filled = definitionOf(type)?.schema.safeParse(payload);
  return Object.assign({}, filled?.success === true ? filled.data : {}, payload);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const place = ({ topic, partition, offset }: StoredMessage): string => `${topic}/${partition}@${offset}`;

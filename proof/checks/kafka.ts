import { isDeepStrictEqual } from 'node:util';
import { definitionOf } from '../../contracts/catalogue';
import { kafkaHeaders } from '../../contracts/kafka';
import { type ReceivedMessage } from '../observe/kafka-reader';
import { thousands as n } from '../report/thousands';
import { checked, type CheckResult } from './check';
import { groupBy } from '../../runtime/group-by';
import { type TrueEvent, type Truth } from './truth';

/** Sentences, by what is wrong. */
export interface KafkaFaults {
  readonly missing: readonly string[];
  readonly duplicates: readonly string[];
  readonly disorder: readonly string[];
  /** Of events that were rolled back, or that are unknown. */
  readonly strangers: readonly string[];
  readonly wrong: readonly string[];
}

/** Every committed event is on Kafka once, in the order of its aggregate, with its payload as the body. */
export function checkKafka(
  truth: Pick<Truth, 'events' | 'rolledBack'>,
  messages: readonly ReceivedMessage[],
): CheckResult {
  const { missing, duplicates, disorder, strangers, wrong } = kafkaFaults(truth, messages);
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
    [...missing, ...duplicates, ...disorder, ...strangers, ...wrong],
  );
}

export function kafkaFaults(
  { events, rolledBack }: Pick<Truth, 'events' | 'rolledBack'>,
  messages: readonly ReceivedMessage[],
): KafkaFaults {
  const byEvent = groupBy(messages, (message) => message.headers[kafkaHeaders.eventId] ?? '');
  const known = new Map(events.map((event) => [event.id, event]));
  const missing = events
    .filter(({ id }) => !byEvent.has(id))
    .map(({ id, type }) => `event ${id} (${type}) is not on Kafka`);
  const duplicates: string[] = [];
  const strangers: string[] = [];
  const wrong: string[] = [];
  const first: { event: TrueEvent; message: ReceivedMessage }[] = [];
  for (const [id, copies] of byEvent) {
    const event = known.get(id);
    const [message] = copies;
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
  return { missing, duplicates, disorder: outOfOrder(first), strangers, wrong };
}

/** Sequences must rise along each partition, and an aggregate must keep to one partition of a topic. */
function outOfOrder(first: readonly { event: TrueEvent; message: ReceivedMessage }[]): string[] {
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

function faultsOf(event: TrueEvent, message: ReceivedMessage): string[] {
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
  const same = isDeepStrictEqual(parse(message.body), event.payload);
  return same ? faults : [...faults, `event ${event.id}: its body on Kafka is not its payload`];
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const place = ({ topic, partition, offset }: ReceivedMessage): string => `${topic}/${partition}@${offset}`;

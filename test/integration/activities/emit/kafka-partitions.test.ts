import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs';
import { KafkaEventSink } from '../../../../activities/emit/kafka-event-sink';
import { type OutgoingEvent, type KafkaOutcome } from '../../../../activities/emit/event-sink';
import { newId } from '../../../support/events';
import { type KafkaCluster, startKafkaCluster } from '../../../support/kafka-cluster';
import { withAdmin } from '../../../support/kafka';
import { silentLogger } from '../../../support/logger';
import { waitFor } from '../../../support/wait-for';

let cluster: KafkaCluster;
const sinks: KafkaEventSink[] = [];

beforeAll(async () => {
  cluster = await startKafkaCluster();
});

afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  await cluster.close();
});

async function newSink(): Promise<KafkaEventSink> {
  const sink = new KafkaEventSink(cluster.kafka, silentLogger, {
    sendTimeoutMs: 5_000,
    compression: 'none',
    reconnectMs: 100,
  });
  sinks.push(sink);
  await sink.connect();
  return sink;
}

const event = (topic: string): OutgoingEvent => {
  const eventId = newId();
  return { eventId, topic, key: newId(), headers: { event_id: eventId }, body: '{}' };
};
const some = (topic: string, count = 24) => Array.from({ length: count }, () => event(topic));

/** What came of one send, by outcome or code. */
async function send(sink: KafkaEventSink, events: readonly OutgoingEvent[]): Promise<Map<string, OutgoingEvent[]>> {
  const results = await sink.send(events, performance.now() + 10_000);
  const nameOf = (outcome: KafkaOutcome | undefined) => (typeof outcome === 'object' ? outcome.code : String(outcome));
  const groups = new Map<string, OutgoingEvent[]>();
  for (const each of events) {
    const name = nameOf(results.get(each.eventId));
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return groups;
}

/** Messages of a topic by partition, by the brokers' own count. */
const stored = (topic: string) =>
  withAdmin(cluster.kafka, async (admin) => {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  });
const total = (counts: ReadonlyMap<number, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0);

it('holds back the events of a partition without a leader, and no others, and sends no other twice', async () => {
  const [topic, other] = [`one-copy-${newId()}`, `elsewhere-${newId()}`];
  await cluster.createTopic(topic, [[1], [2], [1], [2]]);
  await cluster.createTopic(other, [[1]]);
  const [sink, newcomer] = [await newSink(), await newSink()];
  await waitFor(async () => (await send(sink, some(topic))).get('acknowledged')?.length === 24, {
    what: 'a first send',
  });
  const storedBefore = total(await stored(topic));
  await cluster.killSecond();

  // As callers do: what was not acknowledged is asked for again.
  const events = some(topic);
  let waiting: readonly OutgoingEvent[] = events;
  const acknowledged: OutgoingEvent[] = [];
  const flush = async (by: KafkaEventSink) => {
    const groups = await send(by, waiting);
    acknowledged.push(...(groups.get('acknowledged') ?? []));
    waiting = waiting.filter((each) => !acknowledged.includes(each));
    return groups;
  };
  await waitFor(async () => (await flush(sink)).get('acknowledged') === undefined && acknowledged.length > 0, {
    what: 'all that can be sent',
  });
  // A process that starts now knows nothing of better days, and sends what is new.
  const later = some(topic);
  const laterSent: OutgoingEvent[] = [];
  await waitFor(
    async () => {
      const left = later.filter((each) => !laterSent.includes(each));
      laterSent.push(...((await send(newcomer, left)).get('acknowledged') ?? []));
      return laterSent.length > 0;
    },
    { what: 'a send by the newcomer' },
  );
  expect(waiting.length).toBeGreaterThan(0);
  expect((await send(sink, [event(other)])).size).toBe(1);

  await cluster.startSecond();
  await waitFor(async () => (await flush(sink), waiting.length === 0), { what: 'the rest' });
  // Partitions 0 and 2 were well all the time: each event of theirs is there once.
  const counts = await stored(topic);
  expect(acknowledged).toHaveLength(24);
  expect(total(counts)).toBe(storedBefore + 24 + laterSent.length);
});

it('holds back the events of a topic that its login may not write, and no others, until it may', async () => {
  const [closed, open] = [`closed-${newId()}`, `open-${newId()}`];
  await cluster.createTopic(closed, [[1]]);
  await cluster.createTopic(open, [[1]]);
  const rule = {
    resourceType: AclResourceTypes.TOPIC,
    resourceName: closed,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:ANONYMOUS',
    host: '*',
    operation: AclOperationTypes.WRITE,
    permissionType: AclPermissionTypes.DENY,
  };
  await withAdmin(cluster.kafka, (admin) => admin.createAcls({ acl: [rule] }));
  const sink = await newSink();
  let acknowledged = 0;
  const outcomeOfOne = async (): Promise<string | undefined> => {
    const [outcome] = (await send(sink, [event(closed)])).keys();
    if (outcome === 'acknowledged') acknowledged++;
    return outcome;
  };
  // A broker hears of a rule a moment after it was made.
  await waitFor(async () => (await outcomeOfOne()) === 'TOPIC_MISSING', { everyMs: 200 });
  const groups = await send(sink, [...some(closed, 4), ...some(open, 4)]);
  expect([...groups].map(([name, events]) => [name, events.length]).sort()).toEqual([
    ['TOPIC_MISSING', 4],
    ['acknowledged', 4],
  ]);
  await withAdmin(cluster.kafka, (admin) => admin.deleteAcls({ filters: [rule] }));
  await waitFor(async () => (await outcomeOfOne()) === 'acknowledged', { everyMs: 200 });
  expect(total(await stored(closed))).toBe(acknowledged);
});

it('holds back the events of a partition with too few replicas, and no others of its topic', async () => {
  const topic = `few-replicas-${newId()}`;
  const [both, one] = [[1, 2], [1]];
  // Two brokers must have what is written to the first partition; the second is on one only, and needs no more.
  await cluster.createTopic(topic, [both, both], { 'min.insync.replicas': '2' });
  await withAdmin(cluster.kafka, async (admin) => {
    const partitionAssignment = [{ partition: 1, replicas: one }];
    await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
    await waitFor(async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.find(({ partitionId }) => partitionId === 1)?.isr.length === 1;
    });
  });
  const sink = await newSink();
  await waitFor(async () => (await send(sink, some(topic))).get('acknowledged')?.length === 24, {
    what: 'a first send',
  });
  const storedBefore = (await stored(topic)).get(1) ?? 0;
  await cluster.killSecond();
  const events = some(topic);
  const groups = await send(sink, events);
  expect([...groups.keys()].sort()).toEqual(['KAFKA_UNAVAILABLE', 'acknowledged']);
  const sick = groups.get('KAFKA_UNAVAILABLE') ?? [];
  const well = groups.get('acknowledged') ?? [];
  // The request in which the fault was met had both, so what was written of it is there twice.
  const atFirst = (await stored(topic)).get(1) ?? 0;
  expect(atFirst - storedBefore).toBeLessThanOrEqual(2 * well.length);

  const later: OutgoingEvent[] = [];
  for (let flushes = 1; flushes <= 3; flushes++)
    later.push(...((await send(sink, [...sick, ...some(topic, 4)])).get('acknowledged') ?? []));
  expect(later.filter((each) => sick.includes(each))).toEqual([]);
  // From then on nothing is sent twice.
  expect((await stored(topic)).get(1)).toBe(atFirst + later.length);
  await cluster.startSecond();
});

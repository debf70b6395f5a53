import { connect } from 'node:net';
import { logLevel } from 'kafkajs';
import { batchesUnderLimit } from '../../../../activities/emit/kafka-chunks';
import { KafkaEventSink } from '../../../../activities/emit/kafka-event-sink';
import { type OutgoingEvent } from '../../../../activities/emit/event-sink';
import { Kafka } from '../../../../runtime/kafkajs-repaired';
import { type FaultProxy, startFaultProxy } from '../../../support/fault-proxy';
import { newId } from '../../../support/events';
import { type Collector, type TestTopics, collect, createTestTopics } from '../../../support/kafka';
import { silentLogger } from '../../../support/logger';
import { servers } from '../../../support/servers';
import { waitFor } from '../../../support/wait-for';

let topics: TestTopics;
let collector: Collector;
let proxy: FaultProxy;
/** Gives up soon, so that it can be made to; what it sends is small. */
let impatient: KafkaEventSink;
/** Waits as long as the product does. */
let sink: KafkaEventSink;

beforeAll(async () => {
  topics = await createTestTopics(['content']);
  collector = await collect(topics.kafka, [topics.topics.content]);
  const [host = '', port] = servers().kafkaBrokers.split(':');
  proxy = await startFaultProxy({ host, port: Number(port) });
  const kafka = new Kafka({
    clientId: 'nova-test',
    brokers: [`${host}:${port}`],
    logLevel: logLevel.NOTHING,
    requestTimeout: 5_000,
    // Whatever address the broker names, the way leads through the proxy.
    socketFactory: ({ onConnect }) => connect(proxy.port, '127.0.0.1', onConnect),
  });
  const options = { compression: 'gzip', reconnectMs: 50 } as const;
  impatient = new KafkaEventSink(kafka, silentLogger, { ...options, sendTimeoutMs: 2_000 });
  sink = new KafkaEventSink(topics.kafka, silentLogger, { ...options, sendTimeoutMs: 20_000 });
  await Promise.all([impatient.connect(), sink.connect()]);
});

afterAll(async () => {
  await Promise.all([impatient.close(), sink.close()]);
  await proxy.close();
  await collector.stop();
  await topics.drop();
});

const event = (key: string): OutgoingEvent => {
  const eventId = newId();
  return { eventId, topic: topics.topics.content, key, headers: { event_id: eventId }, body: '{}' };
};
const soon = () => performance.now() + 60_000;
const arrived = (sent: OutgoingEvent) => collector.messages.some(({ headers }) => headers['event_id'] === sent.eventId);

it('never loses a batch that follows one whose acknowledgement was lost', async () => {
  const key = newId();
  const [first, unanswered, next] = [event(key), event(key), event(key)];
  const send = async (message: OutgoingEvent) => (await impatient.send([message], soon())).get(message.eventId);
  await waitFor(async () => (await send(first)) === 'acknowledged');

  proxy.set('deaf');
  expect(await send(unanswered)).toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
  // Refused at once: nothing that has to be waited for comes first.
  const idle = new Promise((resolve) => setImmediate(() => setImmediate(resolve, 'still waiting')));
  expect(await Promise.race([send(next), idle])).toMatchObject({ code: 'KAFKA_UNAVAILABLE' });

  proxy.set('pass');
  await waitFor(() => arrived(unanswered)); // it was written, though the acknowledgement was lost
  await waitFor(async () => (await send(next)) === 'acknowledged');
  await waitFor(() => arrived(next), { what: 'the acknowledged message' });
});

/** Events of one key that need several requests. */
const backlog = (key: string): OutgoingEvent[] =>
  Array.from({ length: 30 }, () => ({ ...event(key), body: JSON.stringify({ filler: 'x'.repeat(50_000) }) }));
const idsOf = (events: readonly OutgoingEvent[]) => events.map(({ eventId }) => eventId);
/** Of one key, in the order in which Kafka has them. */
const received = (key: string) =>
  collector.messages.filter((message) => message.key === key).map(({ headers }) => headers['event_id']);

it('keeps the order of a topic across chunks', async () => {
  const key = newId();
  const events = backlog(key);
  const results = await sink.send(events, soon());
  expect([...results.values()]).toEqual(events.map(() => 'acknowledged'));
  await waitFor(() => received(key).length === events.length);
  expect(received(key)).toEqual(idsOf(events));
});

it('takes the flushes of two outboxes by turns: one event waits for one request of another’s backlog, not for all', async () => {
  const key = newId();
  const [events, one] = [backlog(key), event(key)];
  const [first = [], ...others] = batchesUnderLimit(events);
  expect(others.length).toBeGreaterThan(1);
  const flushes = await Promise.all([sink.send(events, soon()), sink.send([one], soon())]);
  expect(new Set(flushes.flatMap((results) => [...results.values()]))).toEqual(new Set(['acknowledged']));
  await waitFor(() => received(key).length === events.length + 1);
  expect(received(key)).toEqual(idsOf([...first, one, ...others.flat()]));
});

it('begins nothing that might not end in time, and says so', async () => {
  const [first, second] = [event(newId()), event(newId())];
  const results = await sink.send([first, second], performance.now() + 19_000);
  expect([...results.values()]).toEqual(['not_sent', 'not_sent']);
});

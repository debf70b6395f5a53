import { connect } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaEventSink } from '../../../../activities/adapters/kafka-event-sink';
import { type OutgoingEvent } from '../../../../activities/ports/event-sink';
import { type FaultProxy, startFaultProxy } from '../../../support/fault-proxy';
import { newId } from '../../../support/events';
import { type Collector, type TestTopics, collect, createTestTopics } from '../../../support/kafka';
import { silentLogger } from '../../../support/logger';
import { servers } from '../../../support/servers';
import { waitFor } from '../../../support/wait-for';

let topics: TestTopics;
let collector: Collector;
let proxy: FaultProxy;
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
  sink = new KafkaEventSink(kafka, silentLogger, { sendTimeoutMs: 400, compression: 'gzip', reconnectMs: 50 });
  await sink.connect();
});

afterAll(async () => {
  await sink.close();
  await proxy.close();
  await collector.stop();
  await topics.drop();
});

const event = (key: string): OutgoingEvent => {
  const eventId = newId();
  return { eventId, topic: topics.topics.content, key, headers: { event_id: eventId }, body: '{}' };
};
const arrived = (sent: OutgoingEvent) => collector.messages.some(({ headers }) => headers['event_id'] === sent.eventId);

it('never loses a batch that follows one whose acknowledgement was lost', async () => {
  const key = newId();
  const [first, unanswered, next] = [event(key), event(key), event(key)];
  expect((await sink.send([first])).get(first.eventId)).toBe('acknowledged');

  proxy.set('deaf');
  expect((await sink.send([unanswered])).get(unanswered.eventId)).toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
  const begin = performance.now();
  expect((await sink.send([next])).get(next.eventId)).toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
  expect(performance.now() - begin).toBeLessThan(100);

  proxy.set('pass');
  await waitFor(() => arrived(unanswered)); // it was written though nobody heard so
  await waitFor(async () => (await sink.send([next])).get(next.eventId) === 'acknowledged');
  await waitFor(() => arrived(next), { timeoutMs: 5_000, what: 'the acknowledged message' });
});

it('keeps the order of a topic across chunks', async () => {
  const key = newId();
  const events = Array.from({ length: 30 }, () => ({
    ...event(key),
    body: JSON.stringify({ filler: 'x'.repeat(50_000) }),
  }));
  const results = await sink.send(events);
  expect([...results.values()]).toEqual(events.map(() => 'acknowledged'));
  const received = () => collector.messages.filter((message) => message.key === key).map((m) => m.headers['event_id']);
  await waitFor(() => received().length === events.length);
  expect(received()).toEqual(events.map(({ eventId }) => eventId));
});

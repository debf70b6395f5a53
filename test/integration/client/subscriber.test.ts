import { connect } from 'node:net';
import { type ISocketFactory, Partitioners, type Producer, logLevel } from 'kafkajs';
import { type Redis } from 'ioredis';
import { type ReceivedEvent, Subscriber, type SubscriberOptions } from '../../../client/subscriber';
import { Kafka } from '../../../runtime/kafkajs-repaired';
import { createRedis } from '../../../runtime/redis';
import { newId } from '../../support/events';
import { type TestTopics, createTestTopics, withAdmin } from '../../support/kafka';
import { silentLogger } from '../../support/logger';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

let topics: TestTopics;
let redis: Redis;
let producer: Producer;
const running: Subscriber[] = [];

beforeAll(async () => {
  topics = await createTestTopics(['content', 'media', 'message', 'social', 'live', 'security']);
  redis = createRedis({ url: servers().redisUrl, keyPrefix: `test-${newId()}:`, logger: silentLogger });
  await redis.connect();
  producer = topics.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
});

afterAll(async () => {
  await Promise.all(running.map((subscriber) => subscriber.stop()));
  await producer.disconnect();
  redis.disconnect();
  await topics.drop();
});

async function subscribe(topic: string, options: Pick<SubscriberOptions, 'handle'> & Partial<SubscriberOptions>) {
  const errors: Error[] = [];
  const started = new Subscriber({
    kafka: topics.kafka,
    redis,
    name: `subscriber-${newId()}`,
    topics: [topic],
    onError: (error) => errors.push(error),
    retryMs: 50,
    ...options,
  });
  running.push(started);
  await started.start();
  return { errors, started };
}

const message = (eventId: string, sequence: number, partition = 0) => ({
  key: 'a',
  partition,
  value: JSON.stringify({ n: sequence }),
  headers: { event_id: eventId, event_type: 'content.post.created', schema_version: '1', sequence: String(sequence) },
});

it('hands over each event once, though the emitter repeated some', async () => {
  const topic = topics.topics.content;
  const ids = [newId(), newId(), newId()];
  const sent = [0, 1, 0, 2, 1].map((i) => message(ids[i] as string, i));
  await producer.send({ topic, messages: sent });
  const handled: ReceivedEvent[] = [];
  await subscribe(topic, { handle: async (event) => void handled.push(event) });
  await waitFor(() => handled.length === 3);
  const last = newId();
  await producer.send({ topic, messages: [message(last, 3)] });
  await waitFor(() => handled.some(({ eventId }) => eventId === last));
  expect(handled.map(({ eventId }) => eventId)).toEqual([...ids, last]);
  expect(handled[1]).toEqual({
    eventId: ids[1],
    eventType: 'content.post.created',
    schemaVersion: 1,
    sequence: 1,
    traceparent: undefined,
    topic,
    key: 'a',
    payload: { n: 1 },
    body: '{"n":1}',
  });
});

it('stops the partition of an event that fails, and no other, until it succeeds', async () => {
  const topic = topics.topics.message;
  const handled: number[] = [];
  let broken = true;
  const { errors } = await subscribe(topic, {
    handle: async ({ sequence }) => {
      if (sequence === 1 && broken) throw new Error('not yet');
      handled.push(sequence);
    },
  });
  await producer.send({ topic, messages: [message(newId(), 1), message(newId(), 2), message(newId(), 10, 1)] });
  await waitFor(() => errors.length >= 2 && handled.includes(10));
  expect(handled).toEqual([10]);
  broken = false;
  await waitFor(() => handled.length === 3);
  expect(handled).toEqual([10, 1, 2]);
});

it('reports a message without an event id instead of passing it over', async () => {
  const topic = topics.topics.media;
  const handled: ReceivedEvent[] = [];
  const { errors } = await subscribe(topic, { handle: async (event) => void handled.push(event) });
  await producer.send({ topic, messages: [{ key: 'a', partition: 0, value: '{}' }, message(newId(), 2)] });
  await waitFor(() => errors.length >= 2);
  expect(errors[0]?.message).toBe(`message 0 of ${topic} has no event_id header`);
  expect(handled).toEqual([]);
});

it('goes on after a restart where it was', async () => {
  const topic = topics.topics.social;
  const name = `subscriber-${newId()}`;
  const handled: number[] = [];
  const handle = async ({ sequence }: ReceivedEvent) => void handled.push(sequence);
  const first = await subscribe(topic, { name, handle });
  await producer.send({ topic, messages: [message(newId(), 1), message(newId(), 2)] });
  await waitFor(() => handled.length === 2);
  await first.started.stop();
  await producer.send({ topic, messages: [message(newId(), 3)] });
  await subscribe(topic, { name, handle });
  await waitFor(() => handled.length === 3);
  expect(handled).toEqual([1, 2, 3]);
  await waitFor(async () => {
    const offsets = await withAdmin(topics.kafka, (admin) => admin.fetchOffsets({ groupId: name, topics: [topic] }));
    return offsets[0]?.partitions.some(({ offset }) => Number(offset) === 3);
  });
});

it('reads what it has handled no second time', async () => {
  const topic = topics.topics.security;
  const handled: number[] = [];
  await subscribe(topic, { handle: async ({ sequence }) => void handled.push(sequence) });
  const looked = jest.spyOn(
    redis as Redis & { novaBeginHandling: (...keys: unknown[]) => unknown },
    'novaBeginHandling',
  );
  const count = 20;
  for (let sequence = 1; sequence <= count; sequence++) {
    await producer.send({ topic, messages: [message(newId(), sequence)] });
    await waitFor(() => handled.length === sequence);
  }
  // The consumers of the other tests use the same Redis.
  expect(looked.mock.calls.filter((call) => call.some((key) => String(key).includes(topic)))).toHaveLength(count);
  looked.mockRestore();
});

it('comes back when the network breaks while it looks for its group’s coordinator', async () => {
  const topic = topics.topics.live;
  const network = breakableNetwork();
  const kafka = new Kafka({
    brokers: servers().kafkaBrokers.split(','),
    retry: { initialRetryTime: 50, maxRetryTime: 100 },
    logLevel: logLevel.NOTHING,
    socketFactory: network.socketFactory,
  });
  const handled: number[] = [];
  const handle = async ({ sequence }: ReceivedEvent) => void handled.push(sequence);
  const { errors } = await subscribe(topic, { kafka, handle });
  await producer.send({ topic, messages: [message(newId(), 1)] });
  await waitFor(() => handled.length === 1);
  network.lose(() => true);
  await waitFor(() => errors.length > 0);
  network.lose((request) => request === findCoordinator);
  await waitFor(() => errors.some(({ name }) => name === 'KafkaJSGroupCoordinatorNotFound'));
  network.lose(() => false);
  await producer.send({ topic, messages: [message(newId(), 2)] });
  await waitFor(() => handled.length === 2);
  expect(handled).toEqual([1, 2]);
});

it('starts while no broker can be reached, and reads as soon as one can', async () => {
  const topic = topics.topics.live;
  const network = breakableNetwork();
  network.lose(() => true);
  const kafka = new Kafka({
    brokers: servers().kafkaBrokers.split(','),
    retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 100 },
    logLevel: logLevel.NOTHING,
    socketFactory: network.socketFactory,
  });
  const handled: number[] = [];
  const errors: Error[] = [];
  const subscribed = subscribe(topic, {
    kafka,
    handle: async ({ sequence }) => void handled.push(sequence),
    onError: (error) => errors.push(error),
  });
  await waitFor(() => errors.length >= 2);
  network.lose(() => false);
  await subscribed;
  await producer.send({ topic, messages: [message(newId(), 71)] });
  await waitFor(() => handled.includes(71));
});

it('stops while it waits for a broker', async () => {
  const network = breakableNetwork();
  network.lose(() => true);
  const kafka = new Kafka({
    brokers: servers().kafkaBrokers.split(','),
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
    socketFactory: network.socketFactory,
  });
  let waiting: Promise<unknown> | undefined;
  const reported = new Promise((resolve) => {
    waiting = subscribe(topics.topics.live, { kafka, handle: async () => undefined, onError: resolve });
  });
  await reported;
  await running.at(-1)?.stop();
  await waiting;
});

/** The request by which a client asks which broker leads its group: FindCoordinator in Kafka's protocol. */
const findCoordinator = 10;

/** A network that resets the connection on which a request of a chosen kind is sent. */
function breakableNetwork() {
  let lost: (request: number) => boolean = () => false;
  const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, onConnect);
    const write = socket.write.bind(socket);
    // A request is its length in four bytes, then its kind in two.
    socket.write = (data: Buffer, ...rest: []) => {
      if (!lost(data.readInt16BE(4))) return write(data, ...rest);
      socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      return false;
    };
    return socket;
  };
  return { socketFactory, lose: (which: typeof lost) => void (lost = which) };
}

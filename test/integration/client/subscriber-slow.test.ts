import { type Producer } from 'kafkajs';
import { type Redis } from 'ioredis';
import { type ReceivedEvent, Subscriber, type SubscriberOptions } from '../../../client/subscriber';
import { createRedis } from '../../../runtime/redis';
import { newId } from '../../support/events';
import { startFaultProxy } from '../../support/fault-proxy';
import { type TestTopics, createTestTopics, withAdmin } from '../../support/kafka';
import { silentLogger } from '../../support/logger';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

/** A member that is not heard of for so long is lost, and what follows would be another test: a slow machine pauses for seconds. */
const sessionTimeoutMs = 20_000;

let topics: TestTopics;
let redis: Redis;
let producer: Producer;
const redisPrefix = `test-${newId()}:`;
const running: Subscriber[] = [];
/** Opened at the end, so that a test that failed leaves no handler waiting. */
const gates: (() => void)[] = [];

beforeAll(async () => {
  topics = await createTestTopics(['content', 'media', 'message', 'social', 'live', 'security', 'identity']);
  redis = createRedis({ url: servers().redisUrl, keyPrefix: redisPrefix, logger: silentLogger });
  await redis.connect();
  producer = topics.kafka.producer();
  await producer.connect();
});

afterAll(async () => {
  gates.forEach((open) => open());
  await Promise.all(running.map((subscriber) => subscriber.stop()));
  await producer.disconnect();
  redis.disconnect();
  await topics.drop();
});

type Handle = SubscriberOptions['handle'];

async function subscribe(topic: string, name: string, handle: Handle, options: Partial<SubscriberOptions> = {}) {
  const errors: Error[] = [];
  const onError = (error: Error) => void errors.push(error);
  const given = { kafka: topics.kafka, redis, name, topics: [topic], handle, onError, retryMs: 50, sessionTimeoutMs };
  const subscriber = new Subscriber({ ...given, ...options });
  running.push(subscriber);
  await subscriber.start();
  return { errors, subscriber };
}

async function send(topic: string, ...sequences: number[]): Promise<void> {
  const messages = sequences.map((sequence) => ({
    key: 'a',
    partition: 0,
    value: '{}',
    headers: { event_id: newId(), event_type: 'content.post.created', schema_version: '1', sequence: String(sequence) },
  }));
  await producer.send({ topic, messages });
}

/** Ids of the clients that are members of a group that is at rest. */
const membersOf = (name: string) =>
  withAdmin(topics.kafka, async (admin) => {
    const { groups } = await admin.describeGroups([name]);
    return groups[0]?.state === 'Stable' ? groups[0].members.map(({ memberId }) => memberId) : [];
  });

/** The committed offset of partition 0; -1: none. */
const committed = (name: string, topic: string) =>
  withAdmin(topics.kafka, async (admin) => {
    const offsets = await admin.fetchOffsets({ groupId: name, topics: [topic] });
    return Number(offsets[0]?.partitions.find(({ partition }) => partition === 0)?.offset);
  });

/** A gate that a handler waits at, deaf to its signal, until the test opens it. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  gates.push(open);
  return { open, opened };
}

/** What two consumers of one group did, in the order in which they did it. */
function diary() {
  const lines: string[] = [];
  const signals: AbortSignal[] = [];
  const gateOfFirst = gate();
  const handle =
    (who: string): Handle =>
    async ({ sequence }, signal) => {
      lines.push(`${who} begins ${sequence}`);
      signals.push(signal);
      if (sequence === 1) await gateOfFirst.opened;
      lines.push(`${who} applied ${sequence}`);
    };
  return { lines, signals, handle, open: gateOfFirst.open };
}

it('keeps its partition while a handler takes longer than the session', async () => {
  const topic = topics.topics.content;
  const name = `slow-${newId()}`;
  const { lines, signals, handle, open } = diary();
  const a = await subscribe(topic, name, handle('A'));
  await send(topic, 1, 2, 3);
  await waitFor(() => lines.length === 1);
  const [member] = await membersOf(name);
  // Two sessions: what is tested is that they pass.
  await new Promise((resolve) => setTimeout(resolve, 2 * sessionTimeoutMs));
  expect(await membersOf(name)).toEqual([member]);
  expect(signals[0]?.aborted).toBe(false);
  // The group takes a new member in when the handler has ended.
  const joining = subscribe(topic, name, handle('B'));
  open();
  const b = await joining;
  await waitFor(() => lines.length === 6);
  const who = lines[2]?.slice(0, 1);
  expect(lines).toEqual([
    'A begins 1',
    'A applied 1',
    ...[2, 3].flatMap((n) => [`${who} begins ${n}`, `${who} applied ${n}`]),
  ]);
  expect([...a.errors, ...b.errors]).toEqual([]);
});

it('waits, as the next owner, for the handler of the one that lost the partition', async () => {
  const topic = topics.topics.media;
  const name = `slow-${newId()}`;
  const { lines, signals, handle, open } = diary();
  const a = await subscribe(topic, name, handle('A'), { rebalanceTimeoutMs: 1_000 });
  await send(topic, 1, 2, 3);
  await waitFor(() => lines.length === 1);
  const [first] = await membersOf(name);
  await subscribe(topic, name, handle('B'), { rebalanceTimeoutMs: 1_000 });
  const asked = jest.spyOn(redis as Redis & { novaBeginHandling: () => Promise<string> }, 'novaBeginHandling');
  await waitFor(async () => {
    const members = await membersOf(name);
    return members.length === 1 && members[0] !== first;
  });
  await waitFor(() => signals[0]?.aborted);
  expect(String((signals[0] as AbortSignal).reason)).toContain('the partition is lost');
  await waitFor(() => asked.mock.results.length >= 3);
  expect(await Promise.all(asked.mock.results.map(({ value }) => value as Promise<string>))).not.toContain('mine');
  expect(lines).toEqual(['A begins 1']);
  open();
  await waitFor(() => lines.length === 6);
  expect(lines.map((line) => line.slice(2))).toEqual([1, 2, 3].flatMap((n) => [`begins ${n}`, `applied ${n}`]));
  expect(lines.slice(0, 2)).toEqual(['A begins 1', 'A applied 1']);
  await waitFor(() => a.errors.some(({ message }) => message.includes('its partition was lost meanwhile')));
});

it('marks nothing that it handled after another consumer took the claim, and says so to the handler', async () => {
  const topic = topics.topics.message;
  const name = `slow-${newId()}`;
  const claim = `handling:${name}:${topic}/0`;
  const { lines, signals, handle, open } = diary();
  const { errors } = await subscribe(topic, name, handle('A'));
  await send(topic, 1);
  await waitFor(() => lines.length === 1);
  await redis.set(claim, 'another process');
  await waitFor(() => signals[0]?.aborted);
  expect(String((signals[0] as AbortSignal).reason)).toContain('another consumer has taken the claim');
  open();
  await waitFor(() => errors.length > 0);
  expect(errors[0]?.message).toContain('its claim was lost before the end: not marked');
  expect(await committed(name, topic)).toBe(-1);
  expect(lines).toEqual(['A begins 1', 'A applied 1']);
  await redis.del(claim);
  await waitFor(() => lines.length === 4);
  await waitFor(async () => (await committed(name, topic)) === 1);
});

it('aborts a handler when Redis no longer renews its claim', async () => {
  const topic = topics.topics.social;
  const { hostname: host, port } = new URL(servers().redisUrl);
  const proxy = await startFaultProxy({ host, port: Number(port) });
  const far = createRedis({ url: `redis://${host}:${proxy.port}`, keyPrefix: redisPrefix, logger: silentLogger });
  await far.connect();
  try {
    const { lines, signals, handle, open } = diary();
    const { errors, subscriber } = await subscribe(topic, `slow-${newId()}`, handle('A'), { redis: far });
    await send(topic, 1);
    await waitFor(() => lines.length === 1);
    proxy.set('half-open');
    await waitFor(() => signals[0]?.aborted);
    expect(String((signals[0] as AbortSignal).reason)).toContain('did not renew the claim');
    open();
    await waitFor(() => errors.length > 0);
    proxy.set('pass');
    await waitFor(() => lines.length === 4);
    await subscriber.stop();
  } finally {
    far.disconnect();
    await proxy.close();
  }
});

it('reports a handler that hangs, aborts it, and in the end tries its event again', async () => {
  const topic = topics.topics.live;
  const signals: AbortSignal[] = [];
  const handled: number[] = [];
  const handle: Handle = async ({ sequence }, signal) => {
    signals.push(signal);
    if (signals.length === 1) await new Promise(() => undefined);
    handled.push(sequence);
  };
  const { errors } = await subscribe(topic, `slow-${newId()}`, handle, { handleTimeoutMs: 300 });
  await send(topic, 1, 2);
  await waitFor(() => handled.length === 2);
  expect(handled).toEqual([1, 2]);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, false]);
  expect(errors.map(({ message }) => message.slice(0, 46))).toEqual([
    'the handler has run for 300 ms (handleTimeoutM',
    'the handler did not end within 300 ms after it',
  ]);
});

it('waits for the handler when it is to stop, and does not handle its event again', async () => {
  const topic = topics.topics.security;
  const name = `slow-${newId()}`;
  const { lines, signals, handle, open } = diary();
  const { errors, subscriber } = await subscribe(topic, name, handle('A'));
  await send(topic, 1, 2);
  await waitFor(() => lines.length === 1);
  let stopped = false;
  const stopping = subscriber.stop().then(() => (stopped = true));
  await waitFor(() => signals[0]?.aborted);
  expect(stopped).toBe(false);
  open();
  await stopping;
  expect(lines).toEqual(['A begins 1', 'A applied 1']);
  expect(await committed(name, topic)).toBe(1);
  expect(errors).toEqual([]);
  await subscribe(topic, name, handle('B'));
  await waitFor(() => lines.length === 4);
  expect(lines.slice(2)).toEqual(['B begins 2', 'B applied 2']);
});

it('leaves to the next consumer what a handler broke off because it was to stop', async () => {
  const topic = topics.topics.identity;
  const name = `slow-${newId()}`;
  const seen: ReceivedEvent[] = [];
  const untilAborted: Handle = async (event, signal) => {
    seen.push(event);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    signal.throwIfAborted();
  };
  const { errors, subscriber } = await subscribe(topic, name, untilAborted);
  await send(topic, 1);
  await waitFor(() => seen.length === 1);
  await subscriber.stop();
  expect(errors).toEqual([]);
  await subscribe(topic, name, async (event) => void seen.push(event));
  await waitFor(() => seen.length === 2);
  expect(seen[1]).toEqual(seen[0]);
});

it('refuses a time that is none', () => {
  const given = { kafka: topics.kafka, redis, name: 'n', topics: [], handle: async () => undefined, onError: () => {} };
  expect(() => new Subscriber({ ...given, handleTimeoutMs: 0 })).toThrow(
    'subscriber n: handleTimeoutMs is 0; give a whole number of milliseconds above 0',
  );
});

import { Partitioners, type Producer } from 'kafkajs';
import { type Redis } from 'ioredis';
import { RetryLater } from '../../../client/dead-letters';
import { createHandledEvents, inPostgres, inRedis } from '../../../client/deduplicate';
import { Gauge, Registry } from 'prom-client';
import { collectLag } from '../../../client/lag';
import { type SubscribeOptions, type Subscription, subscribe } from '../../../client/subscribe';
import { type FaultPoint, armFaultPoints } from '../../../runtime/fault-points';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { type TestTopics, collect, createTestTopics, createTopics, withAdmin } from '../../support/kafka';
import { connectTestRedis } from '../../support/redis';
import { waitFor } from '../../support/wait-for';

let topics: TestTopics;
let redis: Redis;
let database: TestDatabase;
let producer: Producer;
const running: Subscription[] = [];

beforeAll(async () => {
  topics = await createTestTopics(['content']);
  redis = await connectTestRedis(`test-${newId()}:`);
  database = await createTestDatabase();
  await createHandledEvents(database.pool);
  await database.pool.query('CREATE TABLE effects (event_id text NOT NULL)');
  producer = topics.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
});
afterEach(async () => {
  armFaultPoints(undefined);
  await Promise.all(running.splice(0).map((subscription) => subscription.stop()));
});
afterAll(async () => {
  await producer.disconnect();
  redis.disconnect();
  await database.drop();
  await topics.drop();
});

type Rest<Context extends object> = Pick<SubscribeOptions<Context>, 'handlers' | 'deduplicate'> &
  Partial<SubscribeOptions<Context>>;

/** A subscription on a topic of its own. */
async function start<Context extends object>(options: Rest<Context>, topic?: string) {
  const content = topic ?? `${topics.prefix}.${newId()}`;
  if (topic === undefined) await createTopics(topics.kafka, [{ topic: content, numPartitions: 1 }]);
  const [errors, group] = [[] as Error[], options.group ?? `group-${newId()}`];
  const onError = (error: Error): void => void errors.push(error);
  const given = { kafka: topics.kafka, group, topics: { content }, onError, retryMs: 20, ...options };
  const subscription = await subscribe<Context>(given);
  running.push(subscription);
  return { topic: content, group, errors, subscription };
}

const key = newId();
const created = (postId = newId(), eventId = newId()) =>
  message('content.post.created', { post_id: postId, user_id: key }, eventId);
function message(type: string, payload: unknown, eventId = newId()) {
  const headers = { event_id: eventId, event_type: type, schema_version: '1', sequence: '1' };
  return { key, partition: 0, value: JSON.stringify(payload), headers };
}
const send = (topic: string, ...messages: ReturnType<typeof message>[]) => producer.send({ topic, messages });
async function deadLettersTopic(): Promise<string> {
  const topic = `${topics.prefix}.dead-letters.${newId()}`;
  await createTopics(topics.kafka, [{ topic, numPartitions: 1 }]);
  return topic;
}
const committed = (group: string, topic: string) =>
  withAdmin(topics.kafka, async (admin) => {
    const offsets = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return Number(offsets[0]?.partitions[0]?.offset);
  });
const effects = async (eventId: string) =>
  (await database.pool.query('SELECT FROM effects WHERE event_id = $1', [eventId])).rowCount;
/** Fails once at a dangerous instant. */
function failOnceAt(where: FaultPoint): { failed: boolean } {
  const state = { failed: false };
  armFaultPoints((point) => {
    if (point !== where || state.failed) return undefined;
    state.failed = true;
    return Promise.reject(new Error(`died at ${point}`));
  });
  return state;
}

it('hands each type to its handler with a typed payload, once, and passes over types without one', async () => {
  const seen: string[] = [];
  const { topic, group, subscription } = await start({
    deduplicate: inRedis(redis),
    handlers: {
      'content.post.created': async ({ eventType, payload }) =>
        void seen.push(`${eventType} ${payload.post_id} ${payload.status} ${payload.caption}|`),
      'content.post.deleted': async ({ payload }) => {
        // @ts-expect-error -- a field that the catalogue does not have
        const wrong: string | undefined = payload.post_ids;
        seen.push(`deleted ${payload.post_id} ${wrong}`);
      },
    },
  });
  expect(subscription.topics).toEqual([topic]);
  const [post, twice] = [newId(), newId()];
  await send(
    topic,
    created(post, twice),
    message('content.post.updated', { post_id: post, user_id: key }),
    message('content.thing.unheard_of', 5),
    created(post, twice),
    message('content.post.deleted', { post_id: post, user_id: key }),
  );
  await waitFor(() => seen.length === 2);
  expect(seen).toEqual([`content.post.created ${post} published |`, `deleted ${post} undefined`]);
  await waitFor(async () => (await committed(group, topic)) === 5);
});

it('refuses handlers of types that there are not, and none at all', async () => {
  const handlers = { 'content.post.create': async () => undefined } as object;
  const base = { kafka: topics.kafka, group: 'g', deduplicate: inRedis(redis), onError: () => undefined };
  await expect(subscribe({ ...base, handlers })).rejects.toThrow(
    'UNKNOWN_EVENT_TYPE: event type "content.post.create" is not',
  );
  await expect(subscribe({ ...base, handlers: {} })).rejects.toThrow('subscriber g: handlers has no event type');
  const silent = { ...base, handlers: { 'content.post.created': async () => undefined }, onError: undefined as never };
  await expect(subscribe(silent)).rejects.toThrow('subscriber g: give onError');
});

describe.each(['Redis', 'PostgreSQL'])('an event that fails, remembered in %s', (where) => {
  const deduplicate = () => (where === 'Redis' ? inRedis(redis) : inPostgres(database.pool));

  it('goes to the dead letters after its tries, and only then what follows it goes on', async () => {
    const letters = await deadLettersTopic();
    const [bad, good, lines] = [newId(), newId(), [] as string[]];
    const { topic, group, errors } = await start({
      deduplicate: deduplicate(),
      deadLetters: { topic: letters, afterTries: 3 },
      handlers: {
        'content.post.created': async ({ eventId }) => {
          lines.push(eventId === bad ? 'bad' : 'good');
          if (eventId === bad) throw new Error('no such warehouse');
        },
      },
    });
    await send(topic, created(newId(), bad), created(newId(), good), created(newId(), bad));
    await waitFor(async () => (await committed(group, topic)) === 3);
    expect(lines).toEqual(['bad', 'bad', 'bad', 'good']);
    expect(errors.map(({ message }) => message)).toContainEqual(
      `event ${bad} is given up after 3 tries, and goes to ${letters}: no such warehouse`,
    );
    const collector = await collect(topics.kafka, [letters]);
    await waitFor(() => collector.messages.length > 0);
    await collector.stop();
    expect(collector.messages).toHaveLength(1);
    expect(collector.messages[0]).toMatchObject({
      key,
      body: expect.stringContaining('"post_id"') as string,
      headers: {
        event_id: bad,
        event_type: 'content.post.created',
        sequence: '1',
        dead_letter_group: group,
        dead_letter_topic: topic,
        dead_letter_partition: '0',
        dead_letter_offset: '0',
        dead_letter_error: 'no such warehouse',
        dead_letter_tries: '3',
      },
    });
  });
});

it('is asked again after pauses that grow, without a topic of dead letters too', async () => {
  const times: number[] = [];
  const { topic } = await start({
    deduplicate: inRedis(redis),
    retryMs: 50,
    handlers: {
      'content.post.created': async () => {
        times.push(performance.now());
        throw new Error('not yet');
      },
    },
  });
  await send(topic, created());
  await waitFor(() => times.length >= 5);
  // Four pauses of 50, 100, 200 and 400 ms; a slow machine only makes them longer.
  expect(times[4]! - times[0]!).toBeGreaterThan(700);
});

it('waits while the topic of dead letters is missing: nothing is lost, nothing overtakes', async () => {
  const letters = `${topics.prefix}.late.${newId()}`;
  const handled: string[] = [];
  const bad = newId();
  const { topic, errors } = await start({
    deduplicate: inRedis(redis),
    deadLetters: { topic: letters, afterTries: 1 },
    handlers: {
      'content.post.created': async ({ eventId }) => {
        if (eventId === bad) throw new Error('bad');
        handled.push(eventId);
      },
    },
  });
  const good = newId();
  await send(topic, created(newId(), bad), created(newId(), good));
  const missing = `dead letters: the topic "${letters}" takes no message; does it exist`;
  await waitFor(() => errors.some(({ message }) => message.includes(missing)));
  expect(handled).toEqual([]);
  await createTopics(topics.kafka, [{ topic: letters, numPartitions: 1 }]);
  await waitFor(() => handled.length === 1);
  const collector = await collect(topics.kafka, [letters]);
  await waitFor(() => collector.messages.length > 0);
  await collector.stop();
  expect(collector.messages[0]?.headers['event_id']).toBe(bad);
});

it('gives up at once what is no event, or does not fit the catalogue, with the reason', async () => {
  const letters = await deadLettersTopic();
  const handled: string[] = [];
  const { topic } = await start({
    deduplicate: inRedis(redis),
    deadLetters: { topic: letters },
    handlers: { 'content.post.created': async ({ eventId }) => void handled.push(eventId) },
  });
  const last = newId();
  const noEvent = { ...created(), headers: {} as never };
  const noJson = { ...created(), value: '{' };
  await send(topic, noEvent, noJson, message('content.post.created', { post_id: newId() }), created(newId(), last));
  await waitFor(() => handled.length === 1);
  expect(handled).toEqual([last]);
  const collector = await collect(topics.kafka, [letters]);
  await waitFor(() => collector.messages.length === 3);
  await collector.stop();
  expect(collector.messages.map(({ headers }) => headers['dead_letter_error'])).toEqual([
    expect.stringContaining('has no event_id header'),
    expect.stringContaining('JSON'),
    expect.stringMatching(/^INVALID_PAYLOAD: payload of content.post.created v1: user_id: /),
  ]);
});

it('counts no try of an event that is not at fault', async () => {
  const letters = await deadLettersTopic();
  let tries = 0;
  const { topic, group } = await start({
    deduplicate: inRedis(redis),
    deadLetters: { topic: letters, afterTries: 1 },
    handlers: {
      'content.post.created': async () => {
        if (++tries < 4) throw new RetryLater('the warehouse is away');
      },
    },
  });
  await send(topic, created());
  await waitFor(async () => (await committed(group, topic)) === 1);
  expect(tries).toBe(4);
});

describe('with PostgreSQL, the effect happens once', () => {
  const handlers = {
    'content.post.created': async (
      { eventId }: { eventId: string },
      { tx }: { tx: { query: typeof database.pool.query } },
    ) => {
      await tx.query('INSERT INTO effects (event_id) VALUES ($1)', [eventId]);
    },
  } as never;

  it.each(['subscriber.handled', 'subscriber.remembered'] as const)('when it dies at %s', async (point) => {
    const state = failOnceAt(point);
    const eventId = newId();
    const { topic, group } = await start({ deduplicate: inPostgres(database.pool), handlers });
    await send(topic, created(newId(), eventId));
    await waitFor(async () => (await committed(group, topic)) === 1);
    expect(state.failed).toBe(true);
    expect(await effects(eventId)).toBe(1);
  });

  it('when the connection is lost before the commit', async () => {
    const eventId = newId();
    let times = 0;
    const { topic, group } = await start({
      deduplicate: inPostgres(database.pool),
      handlers: {
        'content.post.created': async (_, { tx }) => {
          await tx.query('INSERT INTO effects (event_id) VALUES ($1)', [eventId]);
          const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid', []);
          if (++times === 1) await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
        },
      },
    });
    await send(topic, created(newId(), eventId));
    await waitFor(async () => (await committed(group, topic)) === 1);
    expect(times).toBe(2);
    expect(await effects(eventId)).toBe(1);
  });

  it('and nothing of a handler that failed stays, nor can it write afterwards', async () => {
    const eventId = newId();
    let kept: { query(sql: string, values: unknown[]): Promise<unknown> } | undefined;
    const { topic, group } = await start({
      deduplicate: inPostgres(database.pool),
      deadLetters: { topic: await deadLettersTopic(), afterTries: 2 },
      handlers: {
        'content.post.created': async (_, { tx }) => {
          kept = tx;
          await tx.query('INSERT INTO effects (event_id) VALUES ($1)', [eventId]);
          throw new Error('after its effect');
        },
      },
    });
    await send(topic, created(newId(), eventId));
    await waitFor(async () => (await committed(group, topic)) === 1);
    expect(await effects(eventId)).toBe(0);
    await expect(kept?.query('SELECT 1', [])).rejects.toThrow('the transaction of this handler is over');
  });
});

it('lets a running handler end when it stops, commits, and begins no other', async () => {
  const handled: string[] = [];
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  let signal: AbortSignal | undefined;
  const options = {
    deduplicate: inRedis(redis),
    group: `group-${newId()}`,
    stopGraceMs: 600_000,
    handlers: {
      'content.post.created': async ({ eventId }: { eventId: string }, handling: { signal: AbortSignal }) => {
        signal = handling.signal;
        await gate;
        handled.push(eventId);
      },
    },
  };
  const { topic, subscription } = await start(options);
  const [first, second] = [newId(), newId()];
  await send(topic, created(newId(), first), created(newId(), second));
  await waitFor(() => signal !== undefined);
  const stopped = subscription.stop();
  expect(signal?.aborted).toBe(false);
  open();
  await stopped;
  expect(signal?.aborted).toBe(false);
  expect(handled).toEqual([first]);
  expect(await committed(options.group, topic)).toBe(1);
  await start(options, topic);
  await waitFor(() => handled.length === 2);
  expect(handled).toEqual([first, second]);
});

it('says how far the group is behind, also to a gauge', async () => {
  let isBroken = true;
  const { topic, subscription } = await start({
    deduplicate: inRedis(redis),
    handlers: {
      'content.post.created': async () => {
        if (isBroken) throw new Error('not yet');
      },
    },
  });
  await send(topic, created(), created(), created());
  await waitFor(async () => (await subscription.lag())[0]?.lag === 3);
  const registry = new Registry();
  const labelNames = ['topic', 'partition'];
  const collect = collectLag(subscription);
  new Gauge({ name: 'lag', help: 'messages not committed yet', labelNames, registers: [registry], collect });
  expect(await registry.metrics()).toContain(`lag{topic="${topic}",partition="0"} 3`);
  isBroken = false;
  await waitFor(async () => (await subscription.lag())[0]?.lag === 0);
});

it('counts what became of the events', async () => {
  const bad = newId();
  const { topic, group, subscription } = await start({
    deduplicate: inRedis(redis),
    deadLetters: { topic: await deadLettersTopic(), afterTries: 3 },
    handlers: {
      'content.post.created': async ({ eventId }) => {
        if (eventId === bad) throw new Error('no such warehouse');
      },
    },
  });
  const nothing = { handled: 0, duplicates: 0, passedOver: 0, failed: 0, deadLetters: 0 };
  expect(subscription.counts()).toEqual(nothing);
  const [twice, noEvent] = [newId(), { ...created(), headers: {} as never }];
  await send(
    topic,
    created(newId(), twice),
    created(),
    created(newId(), twice),
    message('content.post.deleted', { post_id: newId(), user_id: key }),
    created(newId(), bad),
    noEvent,
  );
  const before = subscription.counts();
  const soFar = { ...before };
  await waitFor(async () => (await committed(group, topic)) === 6);
  // What was read stays what it was.
  expect(before).toEqual(soFar);
  expect(subscription.counts()).toEqual({ handled: 2, duplicates: 1, passedOver: 1, failed: 2, deadLetters: 2 });
});

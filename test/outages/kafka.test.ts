import { type Client } from '@temporalio/client';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { type OwnServer, startOwnServer } from '../support/own-stack';
import { type OwnSystem, createOwnSystem, pendingOf, untilReady } from '../support/own-system';
import { createTestClient } from '../support/temporal';
import { waitFor } from '../support/wait-for';
import {
  expectAllDone,
  expectFeeds,
  expectNothingBurnt,
  expectOnKafka,
  expectOneRunEach,
  linksOf,
  messagesOnKafka,
  noticesOf,
  rowsOf,
} from './evidence';
import { type Traffic, createTraffic } from './traffic';

jest.setTimeout(1_200_000);

let broker: OwnServer;
let database: TestDatabase;
let client: Client;
let system: OwnSystem;
let traffic: Traffic;

beforeAll(async () => {
  [broker, database, client] = await Promise.all([startOwnServer('kafka'), createTestDatabase(), createTestClient()]);
  system = await createOwnSystem(broker.addresses, database.url);
  traffic = await createTraffic(database.pool);
  const [workers, bridge] = await Promise.all([system.startWorkers(), system.startBridge()]);
  await untilReady(bridge, workers);
});

afterAll(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([broker?.close(), database?.drop(), client?.connection.close()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

/** Everything on the broker, as soon as it holds every event of the story. */
const onKafka = () => messagesOnKafka(broker.addresses, system.prefix, traffic.story);

it('goes on with everything else while the broker is down, and emits in order when it is back', async () => {
  const { story, round } = traffic;
  await round();
  await expectAllDone(database.pool, story);

  await broker.stop();
  for (let i = 0; i < 10; i++) await round();
  // All but the emits is done with the broker still away.
  await waitFor(async () => (await rowsOf(database.pool, story)).every(({ started }) => started));
  await expectFeeds(broker.addresses.redisUrl, system.prefix, story);
  await waitFor(async () => (await noticesOf(database.pool, story)).length === story.notices.size);
  await waitFor(async () => (await linksOf(database.pool, story)).length === story.links.size);
  const waiting = (await rowsOf(database.pool, story)).filter(({ emitted }) => !emitted);
  expect(waiting).toHaveLength(60);
  await expectNothingBurnt(database.pool, story);

  // People see what waits, for what, and that it goes on waiting. No wait is longer than the cap of ten seconds.
  for (const { id } of waiting) {
    const emit = await waitFor(
      async () => (await pendingOf(client, id)).find(({ failure }) => failure === 'KAFKA_UNAVAILABLE'),
      { what: 'an activity that waits for Kafka' },
    );
    expect(emit.activity).toBe('emitEvent');
    expect(emit.nextInMs).toBeLessThanOrEqual(10_500);
  }
  const [first] = waiting;
  await waitFor(async () => (await pendingOf(client, first?.id ?? '')).some(({ attempt }) => attempt >= 7), {
    timeoutMs: 300_000,
    what: 'retries reaching their cap',
  });
  expect((await rowsOf(database.pool, story)).filter(({ emitted }) => !emitted)).toHaveLength(60);

  await broker.start();
  await expectAllDone(database.pool, story);
  expectOnKafka(await onKafka(), story);
  await expectOneRunEach(client, system.prefix, story);
});

it('loses nothing and keeps the order when the broker is killed in the middle of emits', async () => {
  const { story, round } = traffic;
  for (let kills = 0; kills < 2; kills++) {
    // Rounds until a look falls between a commit and its emit: after one round a slow look may find all of it emitted.
    const more: Promise<void>[] = [];
    await waitFor(
      async () => {
        more.push(...Array.from({ length: 10 }, round));
        return (await rowsOf(database.pool, story)).some(({ emitted }) => !emitted);
      },
      { everyMs: 1 },
    );
    await broker.kill();
    await Promise.all(more);
    await broker.start();
  }
  await expectAllDone(database.pool, story);
  expectOnKafka(await onKafka(), story);
  await expectOneRunEach(client, system.prefix, story);
});

it('takes a broker that hangs for one that is away, and goes on when it replies again', async () => {
  const { story, round } = traffic;
  broker.pause();
  try {
    for (let i = 0; i < 5; i++) await round();
    await expectFeeds(broker.addresses.redisUrl, system.prefix, story);
    await waitFor(async () => (await noticesOf(database.pool, story)).length === story.notices.size);
    const last = story.events.at(-1)?.id ?? '';
    await waitFor(async () => (await pendingOf(client, last)).some(({ failure }) => failure === 'KAFKA_UNAVAILABLE'));
  } finally {
    broker.resume();
  }
  await expectAllDone(database.pool, story);
  expectOnKafka(await onKafka(), story);
});

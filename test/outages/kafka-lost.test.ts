import { type Client } from '@temporalio/client';
import { replayRunId } from '../../contracts/maintenance';
import { urlsOf } from '../../dev/logins';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { runOps } from '../support/ops-command';
import { type OwnServer, startOwnServer } from '../support/own-stack';
import { type OwnProcess, type OwnSystem, createOwnSystem, untilReady } from '../support/own-system';
import { step } from '../support/step';
import { createTestClient } from '../support/temporal';
import { expectAllDone, expectFeeds, expectOnKafka, messagesOnKafka, rowsOf } from './evidence';
import { type Traffic, createTraffic } from './traffic';

jest.setTimeout(1_200_000);

let broker: OwnServer;
let database: TestDatabase;
let client: Client;
let system: OwnSystem;
let traffic: Traffic;
let bridge: OwnProcess;
let workers: OwnProcess;

beforeAll(async () => {
  [broker, database, client] = await Promise.all([startOwnServer('kafka'), createTestDatabase(), createTestClient()]);
  system = await createOwnSystem(broker.addresses, database.url, { AUDIT_EVERY_S: '0' });
  traffic = await createTraffic(database.pool);
  [workers, bridge] = await Promise.all([system.startWorkers(), system.startBridge()]);
  await untilReady(bridge, workers);
});

afterAll(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([broker?.close(), database?.drop(), client?.connection.close()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

const nova = (...args: string[]) =>
  runOps({ ...system.environment, DATABASE_URL: urlsOf(database.url).operator }, ...args);

/** Everything on the broker, as soon as it holds every event of the story. */
const onKafka = () => messagesOnKafka(broker.addresses, system.prefix, traffic.story);

it('what Kafka had and lost is sent to it again from the outbox, in the order of each aggregate, and no other effect is done twice', async () => {
  const { story, round } = traffic;
  step('events are published, and are on Kafka');
  for (let i = 0; i < 10; i++) await round();
  await expectAllDone(database.pool, story);
  const had = story.events.length;
  expect(await onKafka()).toHaveLength(had);

  step('npx nova emit-again refuses while a worker sends to Kafka');
  const again = ['emit-again', '--since', '1h', '--reason', 'the disks of Kafka are gone', '--yes'];
  expect(await nova(...again)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/1 worker processes of the queue/) as string,
  });
  step('the workers are stopped; the broker is killed, its disk is gone, and it is started empty');
  await workers.stop();
  await broker.lose();
  await broker.start();
  // Written before the topics are there again.
  for (let i = 0; i < 3; i++) await round();
  step('npx nova emit-again: that Kafka has them is taken back');
  const takenBack = await nova(...again, '--json');
  expect(JSON.parse(takenBack.stdout)).toMatchObject({ takenBack: { main: had } });
  expect((await rowsOf(database.pool, story)).filter(({ emitted }) => emitted)).toEqual([]);
  expect((await nova('acts', '--json')).stdout).toMatch(/"emit-again"/);
  expect(await nova(...again)).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/has acknowledged nothing within 1h/) as string,
  });

  step('the workers are started, and make the topics');
  workers = await system.startWorkers();
  await untilReady(bridge, workers);
  step('npx nova replays plan again --unsent, and start: all of it is sent');
  const planned = await nova('replays', 'plan', 'again', '--unsent', '--since', '1h', '--reason', 'Kafka', '--json');
  expect(planned).toMatchObject({ code: 0, stderr: '' });
  // What was written since is sent by its own runs, and with it all that waits before it in its aggregate.
  const { events } = JSON.parse(planned.stdout) as { events: number };
  expect(events).toBeGreaterThan(0);
  expect(events).toBeLessThanOrEqual(had);
  expect(await nova('replays', 'start', 'again', '--per-second', '50')).toMatchObject({ code: 0 });
  await client.workflow.getHandle(replayRunId(system.prefix, 'again')).result();

  step('every event is on Kafka once, in the order of its aggregate, and no other effect was done twice');
  await expectAllDone(database.pool, story);
  const messages = await onKafka();
  expectOnKafka(messages, story);
  expect(messages).toHaveLength(story.events.length);
  await expectFeeds(broker.addresses.redisUrl, system.prefix, story);
});

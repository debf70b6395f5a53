import { type Client } from '@temporalio/client';
import { replayRunId } from '../../contracts/maintenance';
import { taskQueuesOf } from '../../runtime/task-queues';
import { urlsOf } from '../../dev/logins';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { runOps } from '../support/ops-command';
import { type OwnServer, startOwnServer } from '../support/own-stack';
import { type OwnProcess, type OwnSystem, createOwnSystem, untilReady } from '../support/own-system';
import { createTestClient } from '../support/temporal';
import { waitFor } from '../support/wait-for';
import { expectAllDone, expectFeeds, rowsOf } from './evidence';
import { type Traffic, createTraffic } from './traffic';

jest.setTimeout(1_200_000);

/** Of six events each. With NOVA_REPLAY_ROUNDS=167 these are 1,002 runs, and what each step took is printed. */
const asked = process.env['NOVA_REPLAY_ROUNDS'];
const rounds = Number(asked ?? 20);

let broker: OwnServer;
let database: TestDatabase;
let client: Client;
let system: OwnSystem;
let traffic: Traffic;
let workers: OwnProcess;

beforeAll(async () => {
  [broker, database, client] = await Promise.all([startOwnServer('kafka'), createTestDatabase(), createTestClient()]);
  system = await createOwnSystem(broker.addresses, database.url);
  traffic = await createTraffic(database.pool);
  const bridge = await system.startBridge();
  workers = await system.startWorkers();
  await untilReady(bridge, workers);
});

afterAll(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([broker?.close(), database?.drop(), client?.connection.close()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

const replays = (...args: string[]) =>
  runOps({ ...system.environment, DATABASE_URL: urlsOf(database.url).operator }, ...['replays', ...args]);

const count = async (condition: string): Promise<number> => {
  const queues = taskQueuesOf(system.prefix).map((queue) => `'${queue}'`);
  const query = `TaskQueue IN (${queues.join(', ')}) AND EventType IS NOT NULL AND ${condition}`;
  return (await client.workflow.count(query)).count;
};

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work();
  if (asked !== undefined) process.stderr.write(`${what}: ${((performance.now() - begun) / 1_000).toFixed(1)} s\n`);
  return result;
}

it('all runs of an outage that a person terminated are taken up again, each once, although the workers are killed in the middle', async () => {
  const { story, round } = traffic;
  await broker.stop();
  for (let i = 0; i < rounds; i++) await round();
  const events = story.events.length;
  await waitFor(async () => (await count(`ExecutionStatus = 'Running'`)) === events, { what: 'all runs are open' });
  await expectFeeds(broker.addresses.redisUrl, system.prefix, story);
  await timed(`${events} runs terminated`, async () => {
    for (const { id } of story.events) await client.workflow.getHandle(id).terminate('the panic button');
  });
  await waitFor(async () => (await count(`ExecutionStatus = 'Terminated'`)) === events, { what: 'all are terminated' });
  await broker.start();
  expect((await rowsOf(database.pool, story)).filter(({ emitted }) => emitted)).toEqual([]);

  const plan = ['--status', 'terminated', '--since', '2h', '--reason', 'terminated by mistake', '--json'];
  const planned = await timed('planned', () => replays('plan', 'outage', ...plan));
  expect(JSON.parse(planned.stdout)).toMatchObject({ frozen: true, events, healed: 0, more: false });
  const done = timed('worked off, with a kill in the middle', async () => {
    expect(await replays('start', 'outage', '--per-second', '20')).toMatchObject({ code: 0 });
    const past = async () =>
      (await database.pool.query(`SELECT 1 FROM replay_items WHERE state <> 'planned'`)).rowCount ?? 0;
    await waitFor(async () => (await past()) >= events / 2, { what: 'half of the plan' });
    workers.kill();
    expect(await past()).toBeLessThan(events);
    workers = await system.startWorkers();
    await client.workflow.getHandle(replayRunId(system.prefix, 'outage')).result();
  });
  await done;
  const shown = await replays('show', 'outage', '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({
    progress: { planned: 0, started: 0, completed: events, failed: 0, healed: 0, refused: 0 },
  });

  // Every effect once, in its order.
  await expectAllDone(database.pool, story);
  await expectFeeds(broker.addresses.redisUrl, system.prefix, story);
  // Each was taken up once: one run that was terminated and one that completed.
  await waitFor(async () => (await count(`ExecutionStatus = 'Completed'`)) === events, { what: 'all have completed' });
  expect(await count(`ExecutionStatus = 'Terminated'`)).toBe(events);
  const again = await replays('plan', 'again', ...plan);
  expect(JSON.parse(again.stdout)).toMatchObject({ frozen: false, events: 0, healed: events });
});

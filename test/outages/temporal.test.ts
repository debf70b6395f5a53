import { Client, Connection } from '@temporalio/client';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { type OwnServer, startOwnServer } from '../support/own-stack';
import { type OwnProcess, type OwnSystem, createOwnSystem, untilReady } from '../support/own-system';
import { waitFor } from '../support/wait-for';
import { expectAllDone, expectFeeds, expectNothingBurnt, expectOneRunEach, rowsOf } from './ledger';
import { type Traffic, commit, createTraffic } from './traffic';
import { newId } from '../support/events';

let temporal: OwnServer;
let database: TestDatabase;
let client: Client;
let system: OwnSystem;
let traffic: Traffic;
let bridge: OwnProcess;
let workers: OwnProcess;

beforeAll(async () => {
  [temporal, database] = await Promise.all([startOwnServer('temporal'), createTestDatabase()]);
  const { temporalAddress, temporalNamespace } = temporal.addresses;
  client = new Client({ connection: Connection.lazy({ address: temporalAddress }), namespace: temporalNamespace });
  system = await createOwnSystem(temporal.addresses, database.url, { LOG_LEVEL: 'info' });
  traffic = await createTraffic(database.pool);
  [workers, bridge] = await Promise.all([system.startWorkers(), system.startBridge()]);
  await untilReady(bridge, workers);
});

afterAll(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([client?.connection.close()]);
  await Promise.allSettled([temporal?.close(), database?.drop()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

const outageGauge = 'nova_bridge_outage{code="TEMPORAL_UNAVAILABLE"}';
const instance = async () =>
  (await database.pool.query<{ state: string; reason: string }>('SELECT state, reason FROM bridge_instances')).rows[0];

/** Of the rows started since `after`, in the order of their marks. */
async function startOrder(after: number): Promise<{ id: string; priority: number }[]> {
  const { rows } = await database.pool.query<{ id: string; priority: number }>(
    'SELECT id, priority FROM outbox_events WHERE sequence > $1 AND published_at IS NOT NULL ORDER BY published_at',
    [after],
  );
  return rows;
}

it('waits visibly while Temporal is down, then starts everything once, live Critical rows first', async () => {
  const { story, round, alert } = traffic;
  await round();
  await expectAllDone(database.pool, story);
  const before = Math.max(...story.events.map(({ sequence }) => sequence));

  await temporal.stop();
  for (let i = 0; i < 5; i++) await round();
  await waitFor(async () => !(await bridge.health()).ok, { what: 'the health endpoint saying so' });
  expect((await bridge.health()).reason).toContain('TEMPORAL_UNAVAILABLE');
  expect(await bridge.metric(outageGauge)).toBe(1);
  await waitFor(async () => (await instance())?.state === 'outage');
  expect((await instance())?.reason).toContain('TEMPORAL_UNAVAILABLE');

  // A backlog of Low rows, each an aggregate of its own: all of them could start at once.
  const backlog = await Promise.all(
    Array.from({ length: 400 }, () => commit(database.pool, 'message.edited', edited(), 3)),
  );
  story.events.push(...backlog);
  await expectNothingBurnt(database.pool, story);
  const waiting = (await rowsOf(database.pool, story)).filter(({ published }) => !published);
  expect(waiting).toHaveLength(430);

  await temporal.start();
  // Written while the backlog drains.
  await waitFor(async () => (await startOrder(before)).length > 0, { everyMs: 5 });
  const live = [await alert(), await alert(), await alert()];
  await expectAllDone(database.pool, story);
  expect((await bridge.health()).ok).toBe(true);
  expect(await bridge.metric(outageGauge)).toBe(0);

  // Not with a storm: with the smallest window, which had grown by the end.
  const over = bridge.lines().findLast(({ msg }) => String(msg).startsWith('outage over'));
  expect(over).toMatchObject({ code: 'TEMPORAL_UNAVAILABLE', window: 4 });
  expect(await bridge.metric('nova_bridge_start_window')).toBeGreaterThan(4);

  const order = await startOrder(before);
  for (const { id } of live) {
    const place = order.findIndex((row) => row.id === id);
    expect(order.slice(place).filter(({ priority }) => priority === 3).length).toBeGreaterThan(100);
  }
  await expectOneRunEach(client, system.prefix, story);
  await expectFeeds(temporal.addresses.redisUrl, system.prefix, story);
});

it('starts nothing twice when Temporal is killed in the middle of starts', async () => {
  const { story } = traffic;
  for (let kills = 0; kills < 2; kills++) {
    const rows = Array.from({ length: 150 }, () => commit(database.pool, 'message.edited', edited()));
    story.events.push(...(await Promise.all(rows)));
    await waitFor(async () => (await rowsOf(database.pool, story)).some(({ published }) => !published), { everyMs: 1 });
    await temporal.kill();
    await temporal.start();
  }
  await expectAllDone(database.pool, story);
  await expectOneRunEach(client, system.prefix, story);
});

it('takes a Temporal that hangs for one that is away, and goes on when it answers again', async () => {
  const { story, round } = traffic;
  temporal.pause();
  try {
    for (let i = 0; i < 3; i++) await round();
    await waitFor(async () => !(await bridge.health()).ok, { what: 'the bridge seeing it' });
    await expectNothingBurnt(database.pool, story);
  } finally {
    temporal.resume();
  }
  await expectAllDone(database.pool, story);
  await expectOneRunEach(client, system.prefix, story);
  await expectFeeds(temporal.addresses.redisUrl, system.prefix, story);
});

const edited = () => ({ message_id: newId(), conversation_id: newId(), editor_id: newId() });

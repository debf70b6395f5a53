import { Client, Connection } from '@temporalio/client';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { type OwnServer, startOwnServer } from '../support/own-stack';
import { type OwnProcess, type OwnSystem, createOwnSystem, untilReady } from '../support/own-system';
import { waitFor } from '../support/wait-for';
import { expectAllDone, expectFeeds, expectNothingBurnt, expectOneRunEach, rowsOf } from './evidence';
import { newId } from '../support/events';
import { inTransaction } from '../../runtime/postgres';
import { type Committed, type Traffic, commit, createTraffic, expectNotice } from './traffic';

jest.setTimeout(1_200_000);

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

const outageGauge = 'nova_bridge_outage{code="TEMPORAL_UNAVAILABLE",outbox="main"}';
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

/** Commits three alerts and so many Low rows at once, each an aggregate of its own; returns the alerts. */
async function alertsAmong(low: number): Promise<Committed[]> {
  const { story } = traffic;
  return inTransaction(database.pool, async (client) => {
    const alerts: Committed[] = [];
    for (const user_id of [newId(), newId(), newId()]) {
      const event = await commit(client, 'security.alert.raised', { alert_id: newId(), user_id, kind: 'new_login' });
      alerts.push(event);
      expectNotice(story, event.id, user_id, 'security.alert');
    }
    story.events.push(...alerts);
    for (let i = 0; i < low; i++) story.events.push(await commit(client, 'message.edited', edited(), 3));
    return alerts;
  });
}

it('waits visibly while Temporal is down, then starts everything once, live Critical rows first', async () => {
  const { story, round } = traffic;
  await round();
  await expectAllDone(database.pool, story);
  const before = Math.max(...story.events.map(({ sequence }) => sequence));

  await temporal.stop();
  for (let i = 0; i < 5; i++) await round();
  await waitFor(async () => (await bridge.health()).reason?.includes('TEMPORAL_UNAVAILABLE'), {
    what: 'the health endpoint saying so',
  });
  expect((await bridge.health()).ok).toBe(false);
  await waitFor(async () => (await bridge.metric(outageGauge)) === 1, { what: 'the gauge saying so' });
  await waitFor(async () => {
    const { state, reason } = (await instance()) ?? {};
    return state === 'outage' && reason?.includes('TEMPORAL_UNAVAILABLE');
  });

  // A backlog of Low rows, each an aggregate of its own: all of them could start at once.
  const backlog = await Promise.all(
    Array.from({ length: 200 }, () => commit(database.pool, 'message.edited', edited(), 3)),
  );
  story.events.push(...backlog);
  await expectNothingBurnt(database.pool, story);
  const waiting = (await rowsOf(database.pool, story)).filter(({ started }) => !started);
  expect(waiting).toHaveLength(230);

  await temporal.start();
  // Written while the backlog drains, with more of it in the same transaction: however fast the bridge is, and however
  // slow this process, the bridge finds them behind hundreds of rows that it has not started.
  await waitFor(async () => (await startOrder(before)).length > 0, { everyMs: 5 });
  const live = await alertsAmong(300);
  await expectAllDone(database.pool, story);
  await waitFor(async () => (await bridge.health()).ok, { what: 'the health endpoint saying that it is over' });
  await waitFor(async () => (await bridge.metric(outageGauge)) === 0, { what: 'the gauge saying that it is over' });

  // Not with a storm: with the smallest window, which grows with every start that succeeds.
  const over = bridge.lines().findLast(({ msg }) => String(msg).startsWith('outage over'));
  expect(over).toMatchObject({ code: 'TEMPORAL_UNAVAILABLE', window: 4 });
  await waitFor(async () => (await bridge.metric('nova_bridge_start_window')) > 4 || (await round(), false), {
    what: 'a larger window',
  });
  await expectAllDone(database.pool, story);

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
    // More rows until a look finds some that are not started: a slow look may find all of them started.
    await waitFor(
      async () => {
        const rows = Array.from({ length: 150 }, () => commit(database.pool, 'message.edited', edited()));
        story.events.push(...(await Promise.all(rows)));
        return (await rowsOf(database.pool, story)).some(({ started }) => !started);
      },
      { everyMs: 1 },
    );
    await temporal.kill();
    await temporal.start();
  }
  await expectAllDone(database.pool, story);
  await expectOneRunEach(client, system.prefix, story);
});

it('takes a Temporal that hangs for one that is away, and goes on when it replies again', async () => {
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

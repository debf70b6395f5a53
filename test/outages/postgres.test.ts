import { type Client } from '@temporalio/client';
import { type Pool } from 'pg';
import { urlsOf } from '../../dev/logins';
import { type TestDatabase, createTestDatabase, patientPool } from '../support/database';
import { newId } from '../support/events';
import { type OwnServer, startOwnServer } from '../support/own-stack';
import { type OwnProcess, type OwnSystem, createOwnSystem, migrate, untilReady } from '../support/own-system';
import { type MovableAddress, type Standby, ask, startMovableAddress, startStandby } from '../support/standby';
import { createTestClient } from '../support/temporal';
import { waitFor } from '../support/wait-for';
import { expectAllDone, expectFeeds, expectOneRunEach, rowsOf, untilEmitted } from './evidence';
import { type Committed, type Traffic, commit, createTraffic, keepCommitting } from './traffic';

jest.setTimeout(1_200_000);

/** With State and the outbox `main`. */
let postgres: OwnServer;
/** Of the outbox `messages`, on another server. */
let messages: TestDatabase;
const messageEvents: Committed[] = [];
let address: MovableAddress;
let standby: Standby | undefined;
let pool: Pool;
let client: Client;
let system: OwnSystem;
let traffic: Traffic;
let bridge: OwnProcess;

const portOf = (url: string): number => Number(new URL(url).port);

beforeAll(async () => {
  [postgres, client, messages] = await Promise.all([
    startOwnServer('postgres'),
    createTestClient(),
    createTestDatabase(),
  ]);
  address = await startMovableAddress(portOf(postgres.addresses.databaseUrl));
  const url = new URL(postgres.addresses.databaseUrl);
  url.port = String(address.port);
  pool = patientPool({ url: url.href, max: 5, applicationName: 'outage-test' });
  system = await createOwnSystem(postgres.addresses, url.href, { OUTBOX_LEASE_MS: '5000' });
  await migrate(system.environment);
  traffic = await createTraffic(pool);
  let workers: OwnProcess;
  const listed = (role: 'bridge' | 'workers') => ({
    OUTBOXES: JSON.stringify([
      { name: 'main', url: urlsOf(url.href)[role] },
      { name: 'messages', url: messages.urls[role] },
    ]),
  });
  [workers, bridge] = await Promise.all([system.startWorkers(listed('workers')), system.startBridge(listed('bridge'))]);
  await untilReady(bridge, workers);
});

afterAll(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([client?.connection.close(), pool?.end(), address?.close(), messages?.drop()]);
  await Promise.allSettled([postgres?.close(), standby?.close()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

/** Everything is done once, and no more than that. */
async function expectRecovered(): Promise<void> {
  await expectAllDone(pool, traffic.story);
  await expectOneRunEach(client, system.prefix, {
    ...traffic.story,
    events: [...traffic.story.events, ...messageEvents],
  });
  await expectFeeds(postgres.addresses.redisUrl, system.prefix, traffic.story);
}

it.each([
  ['restarted', () => postgres.stop()],
  ['killed', () => postgres.kill()],
])('recovers by itself when PostgreSQL is %s under load', async (_how, end) => {
  const { round } = traffic;
  await round();
  const writer = keepCommitting(pool, traffic.story);
  for (let i = 0; i < 5; i++) await round();
  await end();
  await waitFor(async () => (await bridge.health()).reason?.includes('DATABASE_UNAVAILABLE'), {
    what: 'the bridge seeing it',
  });
  await postgres.start();
  await waitFor(async () => (await rowsOf(pool, traffic.story)).length > 0);
  await writer.stop();
  await round();
  await expectRecovered();
  const outages = () => bridge.metric('nova_bridge_outage{code="DATABASE_UNAVAILABLE",outbox="main"}');
  await waitFor(async () => (await outages()) === 0, { what: 'the end of the outage' });
});

it('takes a PostgreSQL that hangs for one that is away, and goes on when it replies again', async () => {
  const { round } = traffic;
  for (let i = 0; i < 5; i++) await round();
  postgres.pause();
  try {
    await waitFor(async () => !(await bridge.health()).ok, { what: 'the bridge seeing it' });
  } finally {
    postgres.resume();
  }
  await round();
  await expectRecovered();
});

it('follows the address to a promoted standby, never stays with a server that cannot write, and holds up no other outbox', async () => {
  const { round } = traffic;
  standby = await startStandby(postgres.addresses.databaseUrl);
  for (let i = 0; i < 5; i++) await round();
  await postgres.kill();
  // The address moves before the standby is promoted: reads would work, on a server that takes no writes.
  address.moveTo(standby.port);
  await waitFor(() => bridge.lines().some((line) => JSON.stringify(line).includes('read-only')), {
    what: 'the bridge refusing the standby',
  });
  // No server takes writes for `main` or for State now. That of the other outbox has nothing to do with it.
  for (let i = 0; i < 20; i++) {
    const payload = { message_id: newId(), conversation_id: newId(), editor_id: newId() };
    messageEvents.push(await commit(messages.pool, 'message.edited', payload));
  }
  await untilEmitted(messages.pool, { events: messageEvents });
  await standby.promote();
  await round();
  await expectRecovered();
});

it('leaves a primary that became read-only without a word for the one that the address leads to now', async () => {
  const { round } = traffic;
  if (standby === undefined) throw new Error('the test before makes the standby');
  const former = new URL(postgres.addresses.databaseUrl);
  former.port = String(standby.port);
  await round();
  await expectRecovered();
  // A second failover, back to a copy, with the former primary alive and every connection to it open.
  await postgres.lose();
  const next = await startStandby(former.href);
  try {
    for (let i = 0; i < 3; i++) await round();
    await untilEmitted(pool, traffic.story);
    const ours = `SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'nova-%' AND pid <> pg_backend_pid()`;
    await waitFor(() => ask(former.href, ours), { what: 'our connections to the primary' });
    await ask(former.href, 'ALTER SYSTEM SET default_transaction_read_only = on');
    await ask(former.href, 'SELECT pg_reload_conf()');
    address.moveTo(next.port);
    await next.promote();
    // A service whose commit is refused tries again, as this one does.
    await waitFor(() => pool.query('DELETE FROM pull_authors WHERE false'), { what: 'a server that takes writes' });
    await round();
    await expectRecovered();
    await waitFor(async () => !(await ask(former.href, ours)), {
      what: 'no connection to the former primary',
    });
  } finally {
    const close = standby.close;
    standby = { ...next, close: () => Promise.all([close(), next.close()]).then(() => undefined) };
  }
});

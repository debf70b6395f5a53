import { type Client } from '@temporalio/client';
import { domains } from '../../contracts/events/define';
import { topicNames } from '../../contracts/kafka';
import { createKafka } from '../../runtime/kafka';
import { type StackAddresses } from '../../dev/stack/addresses';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { withAdmin } from '../support/kafka';
import { silentLogger } from '../support/logger';
import { type OwnProcess, type OwnSystem, createOwnSystem, untilReady } from '../support/own-system';
import { servers } from '../support/servers';
import { createTestClient } from '../support/temporal';
import { waitFor } from '../support/wait-for';
import { expectAllDone, expectFeeds, expectOneRunEach } from './evidence';
import { type Traffic, createTraffic } from './traffic';

jest.setTimeout(1_200_000);

let database: TestDatabase;
let client: Client;
let traffic: Traffic;
let system: OwnSystem | undefined;
const proxies: FaultProxy[] = [];

beforeEach(async () => {
  [database, client] = await Promise.all([createTestDatabase(), createTestClient()]);
  traffic = await createTraffic(database.pool);
});

afterEach(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  const closing = proxies.splice(0).map((proxy) => proxy.close());
  await Promise.allSettled([database?.drop(), client?.connection.close(), removeTopics(system?.prefix), ...closing]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

/** Every server behind a proxy that is not there yet, or that hangs. */
async function behindProxies(): Promise<{ addresses: StackAddresses; url: string; all: FaultProxy[] }> {
  const real = servers();
  const kafka = real.kafkaBrokers.split(',')[0] ?? '';
  const at = async (hostAndPort: string): Promise<FaultProxy> => {
    const [host = '', port = ''] = hostAndPort.split(':');
    const proxy = await startFaultProxy({ host, port: Number(port) });
    proxies.push(proxy);
    return proxy;
  };
  const [postgres, redis, temporal, broker] = await Promise.all([
    at(new URL(real.databaseUrl).host),
    at(new URL(real.redisUrl).host),
    at(real.temporalAddress),
    at(kafka),
  ]);
  const moved = (url: string, proxy: FaultProxy): string => {
    const other = new URL(url);
    other.host = `127.0.0.1:${proxy.port}`;
    return other.href;
  };
  return {
    addresses: {
      ...real,
      databaseUrl: moved(real.databaseUrl, postgres),
      redisUrl: moved(real.redisUrl, redis),
      temporalAddress: `127.0.0.1:${temporal.port}`,
      kafkaBrokers: `127.0.0.1:${broker.port}`,
    },
    url: moved(database.url, postgres),
    all: [postgres, redis, temporal, broker],
  };
}

async function removeTopics(prefix = 'none'): Promise<void> {
  const kafka = createKafka({ kafkaBrokers: servers().kafkaBrokers.split(',') }, 'outage-test', silentLogger);
  const ours = new Set(domains.map((domain) => topicNames(prefix)[domain]));
  await withAdmin(kafka, async (admin) => {
    const there = await admin.listTopics();
    await admin.deleteTopics({ topics: there.filter((topic) => ours.has(topic)) });
  });
}

const said = (process: OwnProcess, text: string): boolean =>
  process.lines().some(({ msg }) => String(msg).includes(text));

it.each(['reset', 'half-open'] as const)(
  'does not matter: processes wait, visibly, for servers that are not there yet (%s), and go on by themselves',
  async (mode) => {
    const { addresses, url, all } = await behindProxies();
    for (const proxy of all) proxy.set(mode);
    system = await createOwnSystem(addresses, url);
    const [workers, bridge] = await Promise.all([system.startWorkers(), system.startBridge()]);
    await waitFor(async () => (await workers.health()).reason === 'TEMPORAL_UNAVAILABLE', { timeoutMs: 300_000 });
    await waitFor(async () => (await bridge.health()).reason === 'DATABASE_UNAVAILABLE', { timeoutMs: 300_000 });
    await waitFor(() => said(workers, 'waiting for Temporal') && said(bridge, 'outage'), { what: 'both saying so' });
    await traffic.round();

    for (const proxy of all) proxy.set('pass');
    await untilReady(bridge, workers);
    await traffic.round();
    await expectAllDone(database.pool, traffic.story);
    await expectFeeds(servers().redisUrl, system.prefix, traffic.story);
    await expectOneRunEach(client, system.prefix, traffic.story);
    // The broker had nothing of ours when the worker started.
    expect(said(workers, 'topics created')).toBe(true);
  },
);

it('does not keep a process from ending: SIGTERM is heard while servers are away, and while they hang', async () => {
  const { addresses, url, all } = await behindProxies();
  for (const proxy of all) proxy.set('half-open');
  system = await createOwnSystem(addresses, url, { SHUTDOWN_GRACE_MS: '1000' });
  const waiting = await Promise.all([system.startWorkers(), system.startBridge()]);
  // "starting" comes before its code is loaded: a signal in between ends it as it ends any program.
  const isUp = (process: (typeof waiting)[number]) => process.lines().some(({ msg }) => msg !== 'starting');
  await waitFor(() => waiting.every(isUp), { timeoutMs: 300_000 });
  // Fails when a process has to be killed.
  await Promise.all(waiting.map((process) => process.stop()));
  for (const process of waiting) expect(process.lines().map(({ msg }) => msg)).toContain('stopped');

  for (const proxy of all) proxy.set('pass');
  const working = await Promise.all([system.startWorkers(), system.startBridge()]);
  await untilReady(working[1], working[0]);
  await traffic.round();
  await expectAllDone(database.pool, traffic.story);
  for (const proxy of all) proxy.set('half-open');
  await traffic.round();
  await Promise.all(working.map((process) => process.stop()));
  for (const process of working) expect(process.lines().map(({ msg }) => msg)).toContain('stopped');
});

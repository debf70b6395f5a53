import { randomUUID } from 'node:crypto';
import { type Client as TemporalClient } from '@temporalio/client';
import { type Pool } from 'pg';
import { expectAllDone, expectFeeds, expectOnKafka, expectOneRunEach, messagesOnKafka } from '../outages/evidence';
import { type Traffic, createTraffic } from '../outages/traffic';
import { asAdmin, patientPool } from '../support/database';
import { createDatabase, dropDatabase } from '../support/databases';
import { type OwnProcess, type OwnSystem, createOwnSystem, migrate } from '../support/own-system';
import { databaseUrl, servers } from '../support/servers';
import { createTestClient } from '../support/temporal';
import { waitFor } from '../support/wait-for';
import { type PreviousVersion, migratePrevious, previousVersion } from './previous-version';

jest.setTimeout(1_800_000);

/** A slow machine is not given more than it can drain. */
const mostEvents = 500;
const name = `nova_upgrade_${randomUUID().slice(0, 8)}`;
let previous: PreviousVersion;
let pool: Pool;
let client: TemporalClient;
let system: OwnSystem;
let traffic: Traffic;

beforeEach(async () => {
  previous = previousVersion();
  await asAdmin((admin) => createDatabase(admin, name));
  const url = databaseUrl(servers().databaseUrl, name);
  await migratePrevious(url, previous);
  pool = patientPool({ url, max: 10, applicationName: 'upgrade-test', schema: 'public' });
  client = await createTestClient();
  system = await createOwnSystem(servers(), url, {
    DATABASE_SCHEMA: 'public',
    DATABASE_ROLES: 'off',
    AUDIT_EVERY_S: '0',
  });
  traffic = await createTraffic(pool);
});
afterEach(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([client?.connection.close(), pool?.end()]);
  await asAdmin((admin) => dropDatabase(admin, name));
  previous?.remove();
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

const well = (process: OwnProcess) =>
  waitFor(
    async () => {
      process.assertAlive();
      return (await process.health()).ok;
    },
    { timeoutMs: 300_000, everyMs: 200, what: `${process.name} well` },
  );

/** Rounds of events, deletes among them, while `work` goes on. */
async function underLoad<T>(work: () => Promise<T>): Promise<T> {
  let working = true;
  const rounds = (async () => {
    while (working) {
      if (traffic.story.events.length < mostEvents) {
        await traffic.round();
        await traffic.remove(await traffic.post());
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  try {
    return await work();
  } finally {
    working = false;
    await rounds;
  }
}

async function expectAllRight(): Promise<void> {
  const { story } = traffic;
  await expectAllDone(pool, story);
  await expectOneRunEach(client, system.prefix, story);
  await expectFeeds(servers().redisUrl, system.prefix, story);
  expectOnKafka(await messagesOnKafka(servers(), system.prefix, story), story);
}

it.each([['workers first'], ['bridge first']])(
  'from the version before to this one and back, %s, loses nothing, starts nothing twice and keeps the order',
  async (order) => {
    const before = system.inCheckout(previous.folder);
    const both = async (from: Pick<OwnSystem, 'startBridge' | 'startWorkers'>, old: OwnProcess[]) => {
      // One kind after the other, each new one beside the old one for a while.
      const starts = [() => from.startWorkers(), () => from.startBridge()];
      const started: OwnProcess[] = [];
      for (const start of order === 'workers first' ? starts : starts.reverse()) {
        const process = await start();
        started.push(process);
        await well(process);
        await old.shift()?.stop();
      }
      return started;
    };
    const old = await both(before, []);
    const events = () => traffic.story.events.length;
    await underLoad(async () => {
      await waitFor(() => events() > 30);
      await migrate(system.environment);
      const today = await both(system, old);
      await waitFor(() => events() > 100);
      await both(before, today);
      // Of the version before alone, on what this one has left.
      await traffic.round();
    });
    await expectAllRight();
  },
);

import { type Client } from '@temporalio/client';
import { Client as PgClient, type Pool } from 'pg';
import { type TestDatabase, createTestDatabase, patientPool } from '../support/database';
import { type OwnProcess, type OwnSystem, createOwnSystem, untilReady } from '../support/own-system';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer';
import { servers } from '../support/servers';
import { createTestClient } from '../support/temporal';
import { waitFor } from '../support/wait-for';
import { expectAllDone, expectFeeds, expectOneRunEach } from './evidence';
import { type Traffic, createTraffic, keepCommitting } from './traffic';

jest.setTimeout(1_200_000);

const poolSize = 12;
let database: TestDatabase;
let bouncer: PgBouncer;
let pool: Pool;
let client: Client;
let system: OwnSystem;
let traffic: Traffic;
let bridges: OwnProcess[];

beforeAll(async () => {
  [database, client] = await Promise.all([createTestDatabase(), createTestClient()]);
  bouncer = await startPgBouncer(database.url, { poolSize });
  const url = bouncer.url();
  pool = patientPool({ url, max: 5, applicationName: 'outage-test' });
  system = await createOwnSystem(servers(), url, { OUTBOX_LISTEN_URL: database.url });
  traffic = await createTraffic(pool);
  const workers = await system.startWorkers();
  bridges = await Promise.all([system.startBridge(), system.startBridge()]);
  for (const bridge of bridges) await untilReady(bridge, workers);
});

afterAll(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([pool?.end(), client?.connection.close()]);
  await Promise.allSettled([bouncer?.close()]);
  await Promise.allSettled([database?.drop()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

async function expectRecovered(): Promise<void> {
  await expectAllDone(pool, traffic.story);
  await expectOneRunEach(client, system.prefix, traffic.story);
  await expectFeeds(servers().redisUrl, system.prefix, traffic.story);
}

/** Settings that differ from a fresh session's, over all server connections of the pooler at once. */
async function leakedSettings(): Promise<string[]> {
  const sessions = Array.from({ length: poolSize }, () => new PgClient({ connectionString: bouncer.url() }));
  await Promise.all(sessions.map((session) => session.connect()));
  try {
    const replies = await Promise.all(
      sessions.map(async (session) => {
        await session.query('BEGIN');
        const { rows } = await session.query<{ pid: number; leaked: string | null }>(
          `SELECT pg_backend_pid() AS pid, (SELECT string_agg(name || '=' || setting, ',') FROM pg_settings
             WHERE source = 'session' AND name <> 'application_name') AS leaked`,
        );
        return rows[0];
      }),
    );
    await Promise.all(sessions.map((session) => session.query('COMMIT')));
    expect(new Set(replies.map((reply) => reply?.pid)).size).toBe(poolSize);
    return replies.flatMap((reply) => reply?.leaked ?? []);
  } finally {
    await Promise.all(sessions.map((session) => session.end()));
  }
}

it('carries two bridges, the workers and the publishing services in transaction mode, and no session keeps anything', async () => {
  const { round } = traffic;
  const writer = keepCommitting(pool, traffic.story);
  for (let i = 0; i < 10; i++) await round();
  await writer.stop();
  await expectRecovered();
  // What one transaction sets must not meet the next, also when another service sent that.
  expect(await leakedSettings()).toEqual([]);
  // One that a session keeps stays there; those of a transaction at work, as housekeeping's, come and go.
  const locks = `SELECT 1 FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  await waitFor(async () => (await database.pool.query(locks)).rowCount === 0, { what: 'no advisory lock being held' });
  // Nudges are heard on a connection of its own: LISTEN through the pooler would be lost.
  const listeners = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'nova-bridge-listen'
    AND datname = current_database() AND query LIKE 'LISTEN %'`;
  await waitFor(async () => (await database.pool.query(listeners)).rowCount === 2, { what: 'two bridges that listen' });
});

it('is survived when it restarts, stopped or killed, under load', async () => {
  for (const end of [() => bouncer.stop(), () => bouncer.kill()]) {
    const writer = keepCommitting(pool, traffic.story);
    for (let i = 0; i < 3; i++) await traffic.round();
    await end();
    await bouncer.start();
    for (let i = 0; i < 3; i++) await traffic.round();
    await writer.stop();
  }
  await expectRecovered();
  expect(await leakedSettings()).toEqual([]);
});

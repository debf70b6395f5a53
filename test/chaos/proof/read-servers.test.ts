import { randomUUID } from 'node:crypto';
import { type Client } from '@temporalio/client';
import { type Pool } from 'pg';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { override } from '../../support/override';
import { createTestClient, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';
import { readRuns } from '../../../proof/observe/read-runs';
import { oneDatabase } from '../../../proof/services';
import { collectEvidence } from '../../../proof/observe/collect';
import { servers } from '../../support/servers';
import { readBridges, readHeld } from './read-tables';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  [database, client] = await Promise.all([createTestDatabase(), createTestClient()]);
});
afterAll(async () => {
  await Promise.allSettled([database?.drop(), client?.connection.close()]);
});

/** The pool, and how many statements it has been given and has ended. */
function counted(): { pool: Pool; asked: () => number } {
  let asked = 0;
  const query = async (...args: [string]): Promise<unknown> => {
    const result = await database.pool.query(...args);
    asked += 1;
    return result;
  };
  return { pool: override(database.pool, { query: query as Pool['query'] }), asked: () => asked };
}

it('finds nothing on servers where nothing was done', async () => {
  const redis = { url: servers().redisUrl, prefix: `${testQueuePrefix()}:` };
  const workflowQuery = `TaskQueue = "${testQueuePrefix()}"`;
  const read = await collectEvidence({ databases: oneDatabase(database.pool), client, workflowQuery, redis }, []);
  const { redis: stored, ...tables } = read;
  expect(Object.values(tables).flat()).toEqual([]);
  const { feeds, captions, pullAuthors, openPages, hiddenUsers, authors } = stored;
  for (const part of [feeds, captions, pullAuthors, openPages, hiddenUsers, authors]) expect(part.size).toBe(0);
});

it('takes a lock and a transaction for leaked only when they stay', async () => {
  const other = await database.pool.connect();
  try {
    await other.query('BEGIN');
    await other.query('SELECT pg_advisory_lock(1, 2)');
    expect(await readHeld(database.pool, 0)).toEqual([
      expect.stringContaining('holds the advisory lock 1/2'),
      expect.stringContaining('has a transaction open since'),
    ]);
    const { pool, asked } = counted();
    const held = readHeld(pool);
    await waitFor(() => asked() >= 2);
    await other.query('COMMIT');
    await other.query('SELECT pg_advisory_unlock_all()');
    expect(await held).toEqual([]);
  } finally {
    other.release();
  }
});

it('takes a bridge for one in an outage only when that stays', async () => {
  await database.pool.query(
    `INSERT INTO bridge_instances (instance_id, state, reason) VALUES ('one', 'outage', 'X: y')`,
  );
  expect(await readBridges(database.pool, 0)).toMatchObject([{ instanceId: 'one', state: 'outage' }]);
  const { pool, asked } = counted();
  const reading = readBridges(pool);
  await waitFor(() => asked() >= 1);
  await database.pool.query(`UPDATE bridge_instances SET state = 'polling', reason = NULL`);
  expect(await reading).toMatchObject([{ instanceId: 'one', state: 'polling' }]);
});

it('asks Temporal again until it replies, and takes only its word that a run is not there', async () => {
  const [listed, unlisted] = [testQueuePrefix(), testQueuePrefix()];
  const start = async (taskQueue: string): Promise<string> =>
    (await client.workflow.start('someWorkflow', { workflowId: randomUUID(), taskQueue })).workflowId;
  const there = [await start(listed), await start(listed), await start(unlisted)];
  const asked = new Set<string>();
  const workflow = override(client.workflow, {
    getHandle: ((id: string, runId?: string) => {
      const handle = client.workflow.getHandle(id, runId);
      if (asked.has(id)) return handle;
      asked.add(id);
      return { ...handle, describe: () => Promise.reject(new Error('deadline exceeded')) };
    }) as Client['workflow']['getHandle'],
  });
  const never = randomUUID();
  const query = `TaskQueue = "${listed}"`;
  const runs = await readRuns(override(client, { workflow }), query, [there[2]!, never], () => undefined);
  expect(runs.map(({ workflowId }) => workflowId).sort()).toEqual([...there].sort());
  expect([...asked]).toContain(never);
  for (const id of there) await client.workflow.getHandle(id).terminate();
});

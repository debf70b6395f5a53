import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { publish } from '../../../client/publish';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { type OwnProcess, type OwnSystem, createOwnSystem, migrate, untilReady } from '../../support/own-system';
import { servers } from '../../support/servers';
import { createTestClient } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let client: Client;
const namespaces = { ours: `ours-${randomUUID().slice(0, 8)}`, other: `other-${randomUUID().slice(0, 8)}` };
let ours: OwnSystem;
let other: OwnSystem;
let bridge: OwnProcess;
let workers: OwnProcess;

beforeAll(async () => {
  [database, client] = await Promise.all([createTestDatabase(), createTestClient()]);
  for (const namespace of Object.values(namespaces))
    await client.connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
  const system = (namespace: string) =>
    createOwnSystem(servers(), database.url, { TEMPORAL_NAMESPACE: namespace, AUDIT_EVERY_S: '0' });
  [ours, other] = [await system(namespaces.ours), await system(namespaces.other)];
  // The server takes some seconds to hear of a new namespace.
  await waitFor(() => migrate(ours.environment).catch(() => undefined), { everyMs: 1_000 });
  [bridge, workers] = [await ours.startBridge(), await ours.startWorkers()];
  await untilReady(bridge, workers);
});
afterAll(async () => {
  const ends = await Promise.allSettled([ours?.close(), other?.close()]);
  await client.connection.close();
  await database.drop();
  expect(ends.filter(({ status }) => status === 'rejected')).toEqual([]);
});

async function written(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const payload = { message_id: newId(), conversation_id: newId(), editor_id: newId() };
    ids.push((await publish(database.pool, { type: 'message.edited', payload }, { alone: true })).id);
  }
  return ids;
}

const unmarked = async (ids: readonly string[]): Promise<number> =>
  (await database.pool.query('SELECT 1 FROM outbox_events WHERE id = ANY ($1) AND published_at IS NULL', [ids]))
    .rowCount ?? 0;

/** How many of the events have a run in the namespace. */
async function runsIn(namespace: string, ids: readonly string[]): Promise<number> {
  const there = new Client({ connection: client.connection, namespace });
  const found = await Promise.allSettled(ids.map((id) => there.workflow.getHandle(id).describe()));
  return found.filter(({ status }) => status === 'fulfilled').length;
}

/** By the code of its health page; `detail` is for the log alone. */
const saysUnwell = (process: OwnProcess, code: string, detail = '') =>
  waitFor(
    async () => {
      const { ok, reason } = await process.health();
      return !ok && reason === code && process.lines().some((line) => JSON.stringify(line).includes(detail));
    },
    { timeoutMs: 120_000, everyMs: 200, what: `${process.name} saying ${code} ${detail}` },
  );
const isWell = (process: OwnProcess) =>
  waitFor(async () => (await process.health()).ok, { timeoutMs: 120_000, everyMs: 200, what: `${process.name} well` });

it('a search attribute that is removed beneath a running system is seen, though no start uses it, and healed by migrate', async () => {
  const { operatorService } = client.connection;
  await operatorService.removeSearchAttributes({ namespace: namespaces.ours, searchAttributes: ['Outcome'] });
  await saysUnwell(bridge, 'SEARCH_ATTRIBUTE_MISSING', 'Outcome');
  await saysUnwell(workers, 'SEARCH_ATTRIBUTE_MISSING', 'Outcome');
  await waitFor(async () => (await bridge.metric('nova_bridge_paused_types{outbox="main"}')) > 10);
  const ids = await written(3);
  expect(await migrate(ours.environment)).toContain('registered Outcome');
  await Promise.all([isWell(bridge), isWell(workers)]);
  await waitFor(async () => (await unmarked(ids)) === 0);
});

it('a second deployment on the same database is refused, starts nothing and says so, until it is adopted', async () => {
  await expect(migrate(other.environment)).rejects.toThrow(/WRONG_DEPLOYMENT.*nothing was changed/s);
  const [stray, strayWorkers] = [await other.startBridge(), await other.startWorkers()];
  await saysUnwell(
    stray,
    'WRONG_DEPLOYMENT',
    JSON.stringify(`TEMPORAL_NAMESPACE is "${namespaces.other}"`).slice(1, -1),
  );
  await saysUnwell(strayWorkers, 'WRONG_DEPLOYMENT', 'KAFKA_TOPIC_PREFIX');
  const ids = await written(40);
  await waitFor(async () => (await unmarked(ids)) === 0);
  expect([await runsIn(namespaces.ours, ids), await runsIn(namespaces.other, ids)]).toEqual([40, 0]);

  expect(await migrate(other.environment, '--adopt')).toMatch(/TEMPORAL_NAMESPACE is .*it is adopted/);
  await Promise.all([isWell(stray), isWell(strayWorkers)]);
  // What worked until now finds out by itself; its workers end, for a person to look at.
  await saysUnwell(bridge, 'WRONG_DEPLOYMENT');
  await waitFor(() => workers.lines().some((line) => String(line['error']).startsWith('WRONG_DEPLOYMENT')), {
    timeoutMs: 120_000,
  });
  workers.kill();
  const later = await written(5);
  await waitFor(async () => (await unmarked(later)) === 0);
  expect([await runsIn(namespaces.ours, later), await runsIn(namespaces.other, later)]).toEqual([0, 5]);
});

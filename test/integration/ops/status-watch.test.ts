import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Registry } from 'prom-client';
import { environmentOf } from '../../../dev/stack/addresses';
import { withConnections } from '../../../ops/connections';
import { statusSettings } from '../../../ops/status/servers';
import { systemStatus } from '../../../ops/status/status';
import { frameHead } from '../../../ops/status/status-command';
import { statusText } from '../../../ops/status/status-print';
import { createWorkerGauge, readWorkerGauge } from '../../../outbox-bridge/worker-gauges';
import { configFrom } from '../../../runtime/config';
import { lookAtTaskQueues, taskQueuesOf } from '../../../runtime/task-queues';
import { type TestDatabase, createTestDatabase, patientPool } from '../../support/database';
import { fromSource } from '../../support/from-source';
import { type OwnSystem, createOwnSystem } from '../../support/own-system';
import { servers } from '../../support/servers';
import { createTestClient } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let system: OwnSystem;
beforeAll(async () => {
  database = await createTestDatabase();
  system = await createOwnSystem(servers(), database.url);
});
afterAll(async () => {
  await system.close();
  await database.drop();
});

/** With the rights of an operator. */
function look() {
  const environment = { ...environmentOf(servers()), ...system.environment, DATABASE_URL: database.urls.operator };
  const config = configFrom(statusSettings, environment);
  return withConnections(config, (connections) => systemStatus(connections, config));
}

const unserved = (looks: Awaited<ReturnType<typeof look>>['taskQueues']) => [
  ...new Set((looks ?? []).flatMap(({ queue, served }) => (served ? [] : [queue]))),
];

it('names the queues of a worker process that was killed while Temporal still lists its pollers as living', async () => {
  const queue = `${system.prefix}-kafka`;
  const others = await system.startWorkers({ WORKER_QUEUES: 'feed,media,notification,identity,maintenance' });
  const killed = await system.startWorkers({ WORKER_QUEUES: 'kafka' });
  await waitFor(async () => unserved((await look()).taskQueues).length === 0);
  const bridge = patientPool({ url: database.urls.bridge, max: 1, applicationName: 'nova-test' });
  const gauge = createWorkerGauge(new Registry());
  const workersOf = async () => {
    await readWorkerGauge(bridge, system.prefix, gauge);
    const { values } = await gauge.get();
    return Object.fromEntries(values.map(({ labels, value }) => [String(labels.task_queue), value]));
  };
  const one = Object.fromEntries(taskQueuesOf(system.prefix).map((name) => [name, 1]));
  // A process polls before it says in State for the first time that it lives.
  await waitFor(async () => Object.values(await workersOf()).every((count) => count === 1));
  expect(await workersOf()).toEqual(one);

  killed.kill();
  await waitFor(async () => unserved((await look()).taskQueues).includes(queue));
  const status = await look();
  expect(status.lookAt).toContain('task queues without workers');
  const text = statusText(status, false);
  expect(text).toMatch(new RegExp(`${queue} +0 +0 +– +NO WORKER since 20`));
  expect(text).toMatch(
    new RegExp(`worker process ${killed.pid}@\\S+ is gone: seen last 20.*; it took tasks of ${queue}`),
  );
  expect(await workersOf()).toEqual({ ...one, [queue]: 0 });
  const { connection } = await createTestClient();
  const of = { namespace: 'nova', taskQueuePrefix: system.prefix, nowMs: Date.now() };
  const listed = await lookAtTaskQueues(connection, { ...of, namespace: servers().temporalNamespace });
  expect(unserved(listed)).toEqual([]);
  await connection.close();

  // One that stops says so.
  await others.stop();
  const { rows } = await database.pool.query<{ instance_id: string }>('SELECT instance_id FROM worker_processes');
  expect(rows.map(({ instance_id: id }) => id.split('@')[0])).toEqual([String(killed.pid)]);
  await bridge.end();
});

describe('status --watch', () => {
  const start = (...args: string[]) =>
    spawn(process.execPath, [...fromSource, 'ops/cli.ts', 'status', '--watch', ...args], {
      env: { ...process.env, ...environmentOf(servers()), ...system.environment, DATABASE_URL: database.urls.operator },
    });

  it('writes a line for each look, and ends by a signal without a word', async () => {
    const child = start('--json');
    const errors: string[] = [];
    child.stderr.on('data', (text: Buffer) => errors.push(String(text)));
    const exit = new Promise((resolve) => child.once('close', resolve));
    const looks: unknown[] = [];
    for await (const text of createInterface(child.stdout)) {
      const { servers: seen } = JSON.parse(text) as { servers: { server: string; failed: string | null }[] };
      looks.push(seen.map(({ server, failed }) => ({ server, failed })));
      if (looks.length === 2) child.kill('SIGTERM');
    }
    expect(await exit).toBe(0);
    expect(errors).toEqual([]);
    expect(looks.length).toBeGreaterThanOrEqual(2);
    const [first, second] = looks;
    // Over the connections of the first look.
    expect(second).toEqual(first);
    expect(second).toContainEqual({ server: 'Redis', failed: null });
  });

  it('ends when its reader has gone', async () => {
    const child = start();
    const exit = new Promise((resolve) => child.once('close', resolve));
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await exit).toBe(0);
  });

  it('takes the place of the look before on a terminal only', () => {
    expect(frameHead(true, { lookAt: [] })).toMatch(/^\u001b\[H\u001b\[2J/);
    expect(frameHead(false, { lookAt: ['dead letters'] })).toMatch(/^\n20\S+ {2}LOOK AT: dead letters\n$/);
  });
});

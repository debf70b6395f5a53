import { hostname } from 'node:os';
import { type Client } from '@temporalio/client';
import { maintenanceQueue } from '../../../contracts/maintenance';
import { taskQueue } from '../../../contracts/workflow-types';
import { type Check } from '../../../ops/doctor/check';
import { urlsOf } from '../../../dev/logins';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { type TestTopics, createTestTopics } from '../../support/kafka';
import { runOps } from '../../support/ops-command';
import { type SnapshotRedis, startSnapshotRedis } from '../../support/snapshot-redis';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { createTestClient, startTestWorkers, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let redis: SnapshotRedis;
let client: Client;
let topics: TestTopics;
beforeAll(async () => {
  [database, redis, client, topics] = await Promise.all([
    ...([createTestDatabase(), startSnapshotRedis(), createTestClient(), createTestTopics()] as const),
  ]);
});
afterAll(async () => {
  await Promise.all([database.drop(), redis.close(), client.connection.close(), topics.drop()]);
});

async function doctor(environment: Record<string, string>): Promise<{ code: number; checks: Check[] }> {
  const { code, stdout, stderr } = await runOps(
    { DATABASE_URL: urlsOf(database.url).operator, REDIS_URL: redis.url, ...environment },
    ...['doctor', '--json'],
  );
  expect(stderr).toBe('');
  return { code, checks: JSON.parse(stdout) as Check[] };
}
const notWell = (checks: readonly Check[]) =>
  Object.fromEntries(
    checks
      .filter(({ state }) => state !== 'ok')
      .map(({ of, what, state, says }) => [`${of} ${what}`, `${state}: ${says}`]),
  );

it('finds nothing that does not work in a deployment that works', async () => {
  const nova = await startStandInWorkers();
  const { prefix } = nova;
  const maintenance = await startTestWorkers({
    prefix,
    queues: ['maintenance'],
    activities: { chore: () => undefined },
  });
  const environment = { TASK_QUEUE_PREFIX: prefix, KAFKA_TOPIC_PREFIX: topics.prefix };
  try {
    await waitFor(async () => {
      const { checks } = await doctor(environment);
      return checks.some(({ what, state }) => what === 'task queues' && state === 'ok');
    });
    const { code, checks } = await doctor(environment);
    // One broker, and no worker that keeps the schedule of the audit.
    expect(notWell(checks)).toEqual({
      'Kafka copies': expect.stringMatching(/^warning: \d+ topics have one copy/) as string,
      'Temporal audit': 'warning: it has no schedule',
      'mail reachable': expect.stringMatching(/^note: no mail server is set .*SMTP_URL/) as string,
    });
    expect(code).toBe(0);
    const servers = [...new Set(checks.map(({ of }) => of))];
    expect(servers).toEqual(['PostgreSQL', 'Temporal', 'Kafka', 'Redis', 'mail']);
    expect(checks.length).toBeGreaterThan(18);
  } finally {
    await maintenance.stop();
    await nova.stop();
  }
});

it('takes no dead process for a worker, though Temporal lists its pollers for minutes', async () => {
  const nova = await startStandInWorkers();
  const environment = { TASK_QUEUE_PREFIX: nova.prefix, KAFKA_TOPIC_PREFIX: topics.prefix };
  const queues = async () => (await doctor(environment)).checks.find(({ what }) => what === 'task queues');
  const maintenance = maintenanceQueue(nova.prefix);
  const feed = taskQueue(nova.prefix, 'feed');
  try {
    // It has no worker of chores, and no process has said anything of the others.
    await waitFor(async () => (await queues())?.says === `no worker takes from ${maintenance}`);
    await database.pool.query(`INSERT INTO worker_processes (instance_id, task_queues) VALUES ($1, $2)`, [
      `${process.pid}@${hostname()}`,
      [feed],
    ]);
    // As if it had died after its last poll.
    await waitFor(async () => {
      await database.pool.query(`UPDATE worker_processes SET heartbeat_at = clock_timestamp() - interval '16 seconds'`);
      return (await queues())?.says === `no worker takes from ${feed}, ${maintenance}`;
    });
  } finally {
    await database.pool.query('DELETE FROM worker_processes');
    await nova.stop();
  }
});

it('names each fault and how to put it right', async () => {
  const { pool } = database;
  await pool.query(`DELETE FROM nova_migrations WHERE name = 'state/0103_replay_plans'`);
  await pool.query(`DELETE FROM nova_functions WHERE name = 'nova_publish'`);
  const { rows } = await pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'outbox_events'::regclass
       AND pg_get_expr((SELECT relpartbound FROM pg_class WHERE oid = inhrelid), inhrelid) ~ to_char(now() + interval '4 days', 'YYYY-MM-DD')`,
  );
  for (const { name } of rows) await pool.query(`DROP TABLE ${name}`);
  await redis.run((connection) => connection.config('SET', 'maxmemory-policy', 'allkeys-lru'));
  await redis.run((connection) => connection.config('SET', 'maxmemory', '1mb'));
  const namespace = `doctor-${testQueuePrefix()}`;
  await client.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const environment = {
    TEMPORAL_NAMESPACE: namespace,
    TASK_QUEUE_PREFIX: testQueuePrefix(),
    KAFKA_TOPIC_PREFIX: namespace,
    DATABASE_URL: database.url,
  };
  await waitFor(async () =>
    (await doctor(environment)).checks.some(({ what, state }) => what === 'search attributes' && state === 'fault'),
  );
  const { code, checks } = await doctor(environment);
  expect(code).toBe(1);
  expect(notWell(checks)).toMatchObject({
    'PostgreSQL schema': 'fault: without state/0103_replay_plans, function nova_publish',
    'PostgreSQL partitions': expect.stringMatching(/^warning: for [23] days ahead/) as string,
    'PostgreSQL login': expect.stringMatching(/^warning: .* is a superuser/) as string,
    'Temporal namespace': expect.stringMatching(/^warning: .* for 1\.0 days/) as string,
    'Temporal search attributes': expect.stringMatching(/^fault: without EventType/) as string,
    'Temporal task queues': expect.stringMatching(/^fault: no worker takes from/) as string,
    'Kafka topics': expect.stringMatching(/^fault: without /) as string,
    'Redis eviction': expect.stringMatching(/^fault: allkeys-lru/) as string,
    'Redis memory': expect.stringMatching(/^warning: \d+ % of 1 MiB/) as string,
  });
  const withoutCure = checks.filter(({ state, cure }) => ['fault', 'warning'].includes(state) && cure === null);
  expect(withoutCure).toEqual([]);
});

it('looks at everything else when a server is away', async () => {
  const closed = '127.0.0.1:9';
  const { code, checks } = await doctor({
    DATABASE_URL: `postgres://nova:nova@${closed}/nova`,
    REDIS_URL: `redis://${closed}`,
    TASK_QUEUE_PREFIX: testQueuePrefix(),
  });
  expect(code).toBe(1);
  const faults = checks.filter(({ what, state }) => what === 'reachable' && state === 'fault');
  expect(faults.map(({ of, cure }) => `${of}: ${cure}`)).toEqual([
    `PostgreSQL: start it, or correct DATABASE_URL (${closed}/nova); docs/configuration.md has the login's form`,
    `Redis: start it, or correct REDIS_URL (${closed})`,
  ]);
  expect(checks.find(({ of, what }) => of === 'Kafka' && what === 'reachable')?.state).toBe('ok');
  const people = await runOps({ DATABASE_URL: `postgres://nova:nova@${closed}/nova` }, 'doctor');
  expect(people.stdout).toMatch(/^FAULT +PostgreSQL +reachable +.*ECONNREFUSED.*\n {4}→ start it/m);
  expect(people.stdout).toMatch(/checks: \d+ well/);
});

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { type Client } from '@temporalio/client';
import { type EventRef } from '../../../contracts/event-ref';
import { type QueueName, taskQueue } from '../../../contracts/workflow-types';
import { environmentOf } from '../../../dev/stack/addresses';
import { freePort } from '../../../dev/stack/ports';
import { endsWithUs } from '../../../proof/run/at-our-end';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { fromSource } from '../../support/from-source';
import { type TestTopics, createTestTopics } from '../../support/kafka';
import { productLocalTries } from '../../support/patient-limits';
import { servers } from '../../support/servers';
import { createTestClient, testQueuePrefix, workflowBundle } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

const root = join(__dirname, '../../..');
let database: TestDatabase;
let topics: TestTopics;
let client: Client;
let folder: string;
const children: ChildProcess[] = [];

interface Run {
  readonly prefix: string;
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[];
  readonly errors: string[];
  /** Its exit code, when all of its output has been read too: the last line may arrive after the end. */
  readonly exit: Promise<number | null>;
}

/** `npm run workers` as a user runs it, but for npm. */
function startWorkers(environment: Record<string, string>, prefix = testQueuePrefix()): Run {
  const child = spawn(process.execPath, [...fromSource, 'workers/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      ...environmentOf(servers()),
      DATABASE_URL: database.url,
      KAFKA_TOPIC_PREFIX: topics.prefix,
      TASK_QUEUE_PREFIX: prefix,
      AUDIT_EVERY_S: '0',
      LOG_LEVEL: 'debug',
      WORKFLOW_BUNDLE: join(folder, 'workflow-bundle.js'),
      ...environment,
    },
  });
  children.push(endsWithUs(child));
  const lines: Record<string, unknown>[] = [];
  const errors: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
  createInterface(child.stderr).on('line', (line) => errors.push(line));
  return { prefix, child, lines, errors, exit: new Promise((resolve) => child.once('close', resolve)) };
}

const working = (run: Run) =>
  waitFor(() => run.lines.some(({ msg }) => msg === 'ready: tasks are taken'), { timeoutMs: 180_000 });

function startWorkflow(prefix: string, queue: QueueName, type: string, event: EventRef, memo = {}) {
  return client.workflow.start(type, {
    memo,
    workflowId: event.eventId,
    taskQueue: taskQueue(prefix, queue),
    args: [event],
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-workers-'));
  writeFileSync(join(folder, 'workflow-bundle.js'), (await workflowBundle()).code);
  [database, topics, client] = await Promise.all([
    createTestDatabase(),
    createTestTopics(['content']),
    createTestClient(),
  ]);
});

afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  await client.connection.close();
  await Promise.all([database.drop(), topics.drop()]);
});

it('runs every queue, says which event each line is about, and exits with 0 on SIGTERM', async () => {
  const run = startWorkers({});
  await working(run);
  const content = 'words that no one else should read';
  const payload = { message_id: newId(), conversation_id: newId(), sender_id: newId(), content };
  const message = await insertEvent(database.pool, 'message.persisted', payload);
  const upload = {
    upload_id: newId(),
    media_id: newId(),
    user_id: newId(),
    file_name: content,
    size_bytes: 1,
    post_id: newId(),
  };
  // The post that the upload names, by the same person: an upload is linked to no other.
  const about = { post_id: upload.post_id, user_id: upload.user_id };
  const post = await insertEvent(database.pool, 'content.post.created', about);
  const media = await insertEvent(database.pool, 'media.upload.completed', upload);
  // Whose post it is, is known once the post's own event has run.
  await (await startWorkflow(run.prefix, 'feed', 'feedFanoutWorkflow', post)).result();
  const handles = await Promise.all([
    startWorkflow(run.prefix, 'kafka', 'emitWorkflow', message),
    startWorkflow(run.prefix, 'media', 'mediaLinkWorkflow', media),
  ]);
  expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual([
    { outcome: 'done', counts: {} },
    { outcome: 'done', counts: { linked: 1 } },
  ]);
  const lines = await waitFor(() => {
    const found = run.lines.filter((line) => line['event_id'] === message.eventId);
    return found.length > 0 ? found : undefined;
  });
  expect(lines.every((line) => line['workflow_id'] === message.eventId)).toBe(true);

  run.child.kill('SIGTERM');
  expect(await run.exit).toBe(0);
  expect(run.lines[0]).toMatchObject({ level: 'info', msg: 'starting' });
  expect(run.lines.at(-1)).toMatchObject({ msg: 'stopped' });
  expect(run.lines.filter(({ msg }) => String(msg).startsWith('ready: '))).toEqual([
    expect.objectContaining({ level: 'info', msg: 'ready: tasks are taken' }),
  ]);
  expect(JSON.stringify([run.lines, run.errors])).not.toContain(content);
});

it('has metrics of the process beside its health, with its build, and of the servers that it needs', async () => {
  const port = await freePort();
  const run = startWorkers({ WORKER_QUEUES: 'media', WORKER_HEALTH_PORT: String(port), NOVA_BUILD_COMMIT: 'abc1234' });
  await working(run);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(text).toMatch(/^nova_build_info\{version="[\d.]+",commit="abc1234",/m);
  expect(text).toContain('process_resident_memory_bytes');
  const up = ['postgresql', 'temporal', 'kafka', 'redis'].map(
    (name) => `nova_dependency_up{dependency="${name}",outbox=""} 1`,
  );
  await waitFor(async () => {
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return up.every((line) => page.includes(line));
  });
  run.child.kill('SIGTERM');
  expect(await run.exit).toBe(0);
});

it('registers its build id, and new workflows go to the version that is set as the current one', async () => {
  const prefix = testQueuePrefix();
  const versions = { WORKER_QUEUES: 'media', WORKER_VERSIONING: 'true', TEMPORAL_DEPLOYMENT_NAME: prefix };
  const builds = ['one', 'two'].map((id) => startWorkers({ ...versions, TEMPORAL_WORKER_BUILD_ID: id }, prefix));
  await Promise.all(builds.map(working));
  const { namespace } = client.options;
  for (const buildId of ['one', 'two', 'one']) {
    await waitFor(() =>
      client.workflowService.setWorkerDeploymentCurrentVersion({ namespace, deploymentName: prefix, buildId }).then(
        () => true,
        () => false,
      ),
    );
    const upload = { upload_id: newId(), media_id: newId(), user_id: newId(), file_name: 'a', size_bytes: 1 };
    const event = await insertEvent(database.pool, 'media.upload.completed', upload);
    const handle = await startWorkflow(prefix, 'media', 'mediaLinkWorkflow', event);
    const versioning = await waitFor(async () => {
      const { versioningInfo } = (await handle.describe()).raw.workflowExecutionInfo ?? {};
      return versioningInfo?.deploymentVersion == null ? undefined : versioningInfo;
    });
    // VERSIONING_BEHAVIOR_AUTO_UPGRADE
    expect(versioning.behavior).toBe(2);
    expect(versioning.deploymentVersion).toMatchObject({ deploymentName: prefix, buildId });
    await handle.terminate();
  }
  for (const { child } of builds) child.kill('SIGTERM');
  expect(await Promise.all(builds.map(({ exit }) => exit))).toEqual([0, 0]);
});

it('finishes running activities before it stops', async () => {
  // Neither its own patience nor the grace of the stop ends the activity before the lock is free.
  const patient = join(folder, 'patient-bundle.js');
  writeFileSync(patient, (await workflowBundle(undefined, true)).code);
  const run = startWorkers({ WORKER_QUEUES: 'kafka', WORKFLOW_BUNDLE: patient, SHUTDOWN_GRACE_MS: '120000' });
  await working(run);
  const post = { post_id: newId(), user_id: newId() };
  const event = await insertEvent(database.pool, 'content.post.created', post);
  const holder = await database.pool.connect();
  try {
    // Another emitter has the aggregate: our activity waits.
    await holder.query('BEGIN');
    await holder.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 7022))', [post.post_id]);
    const handle = await startWorkflow(run.prefix, 'kafka', 'emitWorkflow', event, productLocalTries);
    await waitFor(async () => {
      const { raw } = await handle.describe();
      return raw.pendingActivities?.[0]?.lastStartedTime != null;
    });
    await waitFor(() => run.lines.some((line) => line['event_id'] === event.eventId && line['attempt'] === 1));
    run.child.kill('SIGTERM');
    await waitFor(() => run.lines.some(({ msg }) => String(msg).startsWith('stopping')));
    await holder.query('ROLLBACK');
    expect(await run.exit).toBe(0);
    const { rows } = await database.pool.query<{ emitted: boolean }>(
      'SELECT emitted_at IS NOT NULL AS emitted FROM outbox_events WHERE id = $1',
      [event.eventId],
    );
    expect(rows[0]?.emitted).toBe(true);
    await handle.terminate();
  } finally {
    holder.release();
  }
});

it('works on the queues it is given, and on no other', async () => {
  const run = startWorkers({ WORKER_QUEUES: 'media, kafka' });
  await working(run);
  const polled = async (queue: QueueName) => {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue(run.prefix, queue) },
      taskQueueType: 1,
    });
    return (pollers ?? []).length > 0;
  };
  await waitFor(async () => (await polled('media')) && (await polled('kafka')));
  expect(await polled('feed')).toBe(false);
  run.child.kill('SIGINT');
  expect(await run.exit).toBe(0);
});

it('ends with a sentence that names an unknown queue', async () => {
  const run = startWorkers({ WORKER_QUEUES: 'feed,fead' });
  expect(await run.exit).toBe(1);
  const said = [...run.errors, ...run.lines.map((line) => String(line['error']))].join('\n');
  expect(said).toMatch(/WORKER_QUEUES="feed,fead" must be one or more of feed, media/);
});

it('names the variable of a port for metrics that is taken', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  try {
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const run = startWorkers({ WORKER_METRICS_PORT: String(port) });
    expect(await run.exit).toBe(1);
    expect(run.errors.join()).toContain(`127.0.0.1:${port} (METRICS_HOST, WORKER_METRICS_PORT)`);
  } finally {
    taken.close();
  }
});

it.each([
  [
    'a namespace that does not exist',
    { TEMPORAL_NAMESPACE: 'nowhere' },
    /^NAMESPACE_MISSING: no namespace "nowhere" \(TEMPORAL_NAMESPACE\) in Temporal at .*\. Correct TEMPORAL_NAMESPACE, or create/,
  ],
  [
    'a PostgreSQL that is not there',
    { DATABASE_URL: 'postgres://u:p@127.0.0.1:1/d' },
    /no PostgreSQL at 127\.0\.0\.1:1\/d \(DATABASE_URL\)/,
  ],
  ['a Temporal that is not there', { TEMPORAL_ADDRESS: '127.0.0.1:1' }, /no Temporal at 127\.0\.0\.1:1/],
])('waits for %s, says so, and still hears SIGTERM', async (_case, environment, sentence) => {
  const run = startWorkers(environment);
  await waitFor(() => run.lines.some(({ error, level }) => level === 'error' && sentence.test(String(error))));
  run.child.kill('SIGTERM');
  expect(await run.exit).toBe(0);
  expect(run.lines.at(-1)).toMatchObject({ msg: 'stopped' });
});

it('starts while Redis and Kafka are away', async () => {
  const run = startWorkers({ REDIS_URL: 'redis://127.0.0.1:1', KAFKA_BROKERS: '127.0.0.1:1', WORKER_QUEUES: 'media' });
  await working(run);
  const upload = { upload_id: newId(), media_id: newId(), user_id: newId(), file_name: 'a', size_bytes: 1 };
  const event = await insertEvent(database.pool, 'media.upload.completed', upload);
  const handle = await startWorkflow(run.prefix, 'media', 'mediaLinkWorkflow', event);
  const parked = 'SELECT 1 FROM parked_media WHERE media_id = $1';
  await waitFor(async () => (await database.pool.query(parked, [upload.media_id])).rowCount === 1);
  await handle.terminate();
  run.child.kill('SIGTERM');
  expect(await run.exit).toBe(0);
});

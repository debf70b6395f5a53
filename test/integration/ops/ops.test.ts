import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Client } from '@temporalio/client';
import { environmentOf } from '../../../dev/stack/addresses';
import { withConnections } from '../../../ops/connections';
import { listDeadLetters, requeueDeadLetters } from '../../../ops/dead-letters/dead-letters';
import { eventStory } from '../../../ops/show/event-story';
import { outboxReport } from '../../../ops/status/outbox-report';
import { statusSettings } from '../../../ops/status/servers';
import { systemStatus } from '../../../ops/status/status';
import { type Status } from '../../../ops/status/status-said';
import { waitingRuns } from '../../../outbox-bridge/waiting-runs';
import { configFrom } from '../../../runtime/config';
import { taskQueuesOf } from '../../../runtime/task-queues';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { startFaultProxy } from '../../support/fault-proxy';
import { fromSource } from '../../support/from-source';
import { runOps } from '../../support/ops-command';
import { servers } from '../../support/servers';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { createTestClient, startTestWorkers, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = await createTestClient();
});
afterAll(async () => {
  await client.connection.close();
  await database.drop();
});

const deadLetter = async (error: string) => {
  const ref = await insertEvent(
    database.pool,
    'follow.added',
    { follower_id: newId(), followee_id: newId() },
    { started: false },
  );
  await database.pool.query(
    `UPDATE outbox_events SET dead_lettered_at = now(), last_error = $2, retry_count = 5, first_attempt_at = now() - interval '9 days' WHERE id = $1`,
    [ref.eventId, error],
  );
  return ref.eventId;
};
const rowOf = async (id: string) =>
  (await database.pool.query<Record<string, unknown>>('SELECT * FROM outbox_events WHERE id = $1', [id])).rows[0];

/** Another file's feeds are not ours. */
const redisPrefix = `ops-test-${newId()}:`;
const ops = (...args: string[]) => runOps({ DATABASE_URL: database.url, REDIS_KEY_PREFIX: redisPrefix }, ...args);

const storyOf = async (id: string) => {
  const { pool } = database;
  return (await eventStory({ pool, outboxes: OutboxPools.one(pool), workflows: client.workflow }, id)).story;
};

describe('dead letters', () => {
  it('are listed by failure code and requeued, keeping the clock of the retention guard unless the operator vouches', async () => {
    const [old, refused] = [await deadLetter('RETENTION_PASSED: x'), await deadLetter('START_REFUSED: y')];
    expect((await listDeadLetters(database.pool, { code: 'START_REFUSED', limit: 10 })).map(({ id }) => id)).toEqual([
      refused,
    ]);
    expect(await requeueDeadLetters(database.pool, [refused, newId()], { neverRan: false })).toEqual([refused]);
    expect(await rowOf(refused)).toMatchObject({
      dead_lettered_at: null,
      retry_count: 0,
      first_attempt_at: expect.any(Date) as Date,
    });
    await requeueDeadLetters(database.pool, [old], { neverRan: true });
    expect(await rowOf(old)).toMatchObject({ dead_lettered_at: null, first_attempt_at: null });
  });
});

describe('the report', () => {
  it('counts what waits by priority, and names bridges and what they hold back', async () => {
    await insertEvent(
      database.pool,
      'security.alert.raised',
      { alert_id: newId(), user_id: newId(), kind: 'new_login' },
      { started: false },
    );
    await database.pool.query(
      `INSERT INTO bridge_instances (instance_id, state, reason, paused_types) VALUES ('b1', 'outage', 'TEMPORAL_UNAVAILABLE: x', '{"reaction.added": "NO_POLLER: y"}')`,
    );
    const report = await outboxReport(database.pool, { retentionDays: 30 });
    expect(report.pending.find(({ priority }) => priority === 'critical')).toMatchObject({ rows: 1, withError: 0 });
    expect(report.bridges).toEqual([
      expect.objectContaining({ instance: 'b1', state: 'outage', pausedTypes: { 'reaction.added': 'NO_POLLER: y' } }),
    ]);
  });
});

describe('what waits behind the start', () => {
  const statusOf = (TASK_QUEUE_PREFIX: string) => {
    const environment = { ...environmentOf(servers()), DATABASE_URL: database.url, TASK_QUEUE_PREFIX };
    const config = configFrom(statusSettings, environment);
    return withConnections(config, (connections) => systemStatus(connections, config));
  };
  const unserved = ({ taskQueues }: Status) =>
    (taskQueues ?? []).filter(({ served }) => !served).map(({ queue, kind }) => `${queue} ${kind}`);

  it('says at once which task queues no worker takes from, of workers that stopped too', async () => {
    const prefix = testQueuePrefix();
    const without = await statusOf(prefix);
    expect(unserved(without)).toEqual(
      taskQueuesOf(prefix).flatMap((queue) => [`${queue} workflow`, `${queue} activity`]),
    );
    const workers = await startTestWorkers({
      prefix,
      activities: { any: () => Promise.resolve() },
      queues: ['feed', 'media'],
    });
    try {
      // A poll is seen when it has reached the server.
      await waitFor(
        async () =>
          !unserved(await statusOf(prefix))
            .join()
            .includes('media'),
      );
      expect(unserved(await statusOf(prefix)).join()).not.toContain(`${prefix}-feed`);
    } finally {
      await workers.stop();
    }
    // Temporal goes on listing their pollers for five minutes.
    expect(unserved(await statusOf(prefix))).toEqual(unserved(without));
    const text = await runOps({ DATABASE_URL: database.url, TASK_QUEUE_PREFIX: prefix }, 'status');
    expect(text.stdout).toMatch(new RegExp(`${prefix}-feed +0 +0 +– +NO WORKER`));
    expect(text.code).toBe(1);
  });

  it('counts deliveries that are tried again, by channel, and says since when and why', async () => {
    const event = newId();
    await database.pool.query(
      `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, attempts, reason, created_at)
       SELECT $1, gen_random_uuid(), 'email', 'post.mention', state, attempts, reason, now() - interval '12 minutes'
       FROM (VALUES ('pending', 3, 'SMTP_CONNECT'), ('pending', 1, 'SMTP_CONNECT'), ('claimed', 1, NULL), ('sent', 1, NULL))
         AS d (state, attempts, reason)`,
      [event],
    );
    const { stdout } = await ops('status');
    expect(stdout).toMatch(/DELIVERIES WAIT .*\nemail +3 of 1 events +2 +12 min +SMTP_CONNECT/);
    const status = await statusOf(testQueuePrefix());
    expect(status).toMatchObject({
      deliveriesWaiting: [{ channel: 'email', deliveries: 3, events: 1, tried: 2, reason: 'SMTP_CONNECT' }],
    });
    expect(status.lookAt).toContain('deliveries that wait');
  });

  it('names what open runs try again, inboxes among it', async () => {
    const workers = await startStandInWorkers();
    try {
      for (const activity of ['notifyInApp', 'notifyPages', 'emitEvent']) workers.moods.set(activity, 'away');
      const run = await workers.start('notificationWorkflow', { eventType: 'message.persisted' });
      await waitFor(async () => {
        const { waitFor: what } = await waitingRuns(client.workflow, workers.prefix);
        return ['emitEvent', 'notifyPages'].every((name) => what.some(({ activity }) => activity === name));
      });
      const environment = { DATABASE_URL: database.url, TASK_QUEUE_PREFIX: workers.prefix };
      const { stdout } = await runOps(environment, 'status');
      expect(stdout).toMatch(/\nin_app +of 1 events +1 .* gone/);
      expect(stdout).toMatch(/RUNS WAIT FOR .*\nemitEvent +1 .* gone\nnotifyPages +1 .* gone/);
      await run.terminate();
    } finally {
      await workers.stop();
    }
  });

  it('says that Temporal does not reply, and shows the rest', async () => {
    const id = await deadLetter('INVALID_PAYLOAD: z');
    const shown = await runOps({ DATABASE_URL: database.url, TEMPORAL_ADDRESS: '127.0.0.1:1' }, 'status');
    expect(shown).toMatchObject({ code: 1, stderr: '' });
    expect(shown.stdout).toMatch(/^Temporal: 127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\) not reachable: .*not looked at$/m);
    expect(shown.stdout).toMatch(/^PostgreSQL: .* \(DATABASE_URL\) replies$/m);
    expect(shown.stdout).toMatch(/dead-lettered [1-9]/);
    await requeueDeadLetters(database.pool, [id], { neverRan: true });
  });
});

describe('while servers are away', () => {
  const away = { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/d', TASK_QUEUE_PREFIX: testQueuePrefix() };

  it('says that PostgreSQL is not reachable, and shows what Temporal, Kafka and Redis say', async () => {
    const shown = await runOps(away, 'status');
    expect(shown).toMatchObject({ code: 1, stderr: '' });
    const lines = shown.stdout.split('\n');
    expect(lines[0]).toMatch(/^PostgreSQL: 127\.0\.0\.1:1\/d \(DATABASE_URL\) not reachable: connect ECONNREFUSED/);
    expect(lines[1]).toMatch(/^Temporal: .* replies: namespace \w+$/);
    expect(lines[2]).toMatch(/^Kafka: .* \(KAFKA_BROKERS\) replies: 1 broker/);
    expect(lines[3]).toMatch(/^Redis: .* \(REDIS_URL\) replies: .*noeviction$/);
    expect(shown.stdout).toMatch(new RegExp(`${away.TASK_QUEUE_PREFIX}-feed +0 +0 +– +NO WORKER`));
    expect(shown.stdout).not.toContain('PRIORITY');
    expect(shown.stdout).not.toContain('no delivery waits');
    expect(shown.stdout).not.toContain('secret');
  });

  it('says so to programs', async () => {
    const status = JSON.parse((await runOps(away, 'status', '--json')).stdout) as Status;
    expect(status).toMatchObject({
      databaseFailed: expect.stringMatching(/ECONNREFUSED/) as string,
      temporalFailed: null,
      taskQueues: expect.arrayContaining([
        expect.objectContaining({ queue: `${away.TASK_QUEUE_PREFIX}-feed`, served: false }),
      ]) as unknown,
      lookAt: expect.arrayContaining(['no reply from PostgreSQL', 'task queues without workers']) as unknown,
    });
    expect(status).not.toHaveProperty('pending');
  });

  it('ends although every server takes the connection and never says a word', async () => {
    const silent = await startFaultProxy({ host: '127.0.0.1', port: 1 });
    silent.set('half-open');
    const at = `127.0.0.1:${silent.port}`;
    const nowhere = {
      ...{
        DATABASE_URL: `postgres://u:p@${at}/d`,
        TEMPORAL_ADDRESS: at,
        KAFKA_BROKERS: at,
        REDIS_URL: `redis://${at}`,
      },
    };
    try {
      const shown = await runOps(nowhere, 'status');
      expect(shown).toMatchObject({ code: 1, stderr: '' });
      for (const server of ['PostgreSQL', 'Temporal', 'Kafka', 'Redis'])
        expect(shown.stdout).toMatch(new RegExp(`^${server}: .* not reachable: `, 'm'));
    } finally {
      await silent.close();
    }
  });
});

describe('the story of an event', () => {
  it('shows the row, that no workflow exists, and later what the workflow waits for', async () => {
    const { eventId } = await insertEvent(
      database.pool,
      'follow.added',
      { follower_id: newId(), followee_id: newId() },
      { started: false },
    );
    expect(await storyOf(eventId)).toMatchObject({
      row: { id: eventId, published_at: null },
      workflow: null,
    });
    const handle = await client.workflow.start('followWorkflow', {
      workflowId: eventId,
      taskQueue: testQueuePrefix(),
      args: [],
    });
    expect((await storyOf(eventId))?.workflow).toMatchObject({
      status: 'RUNNING',
      type: 'followWorkflow',
    });
    await handle.terminate();
    expect(await storyOf(newId())).toBeNull();
  });

  it('shows every row of an id that was written twice, the started one first', async () => {
    const payload = { follower_id: newId(), followee_id: newId() };
    const { eventId } = await insertEvent(database.pool, 'follow.added', payload, { started: true });
    await database.pool.query(
      `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload, created_at, dead_lettered_at, last_error)
       SELECT id, aggregate_id, event_type, '{}', created_at - interval '1 s', clock_timestamp(), 'DUPLICATE_EVENT_ID: twice'
       FROM nova.outbox_events WHERE id = $1`,
      [eventId],
    );
    expect(await storyOf(eventId)).toMatchObject({
      row: { id: eventId, dead_lettered_at: null },
      otherRows: [{ id: eventId, last_error: 'DUPLICATE_EVENT_ID: twice' }],
    });
  });
});

describe('the command', () => {
  it('prints for people and for programs, and its exit code says when a person should look', async () => {
    const id = await deadLetter('INVALID_PAYLOAD: z');
    const [status, letters, wrong, missing] = await Promise.all([
      ops('status'),
      ops('dead-letters', '--json', '--code', 'INVALID_PAYLOAD'),
      ops('show', 'nonsense'),
      ops('show', newId()),
    ]);
    expect(status).toMatchObject({ code: 1, stdout: expect.stringMatching(/PRIORITY .*\ncritical/) as string });
    expect(JSON.parse(letters.stdout)).toEqual([expect.objectContaining({ id, lastError: 'INVALID_PAYLOAD: z' })]);
    expect(wrong).toMatchObject({ code: 2, stderr: 'nova: not a UUID: nonsense\n' });
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no outbox row: it was never committed/) as string,
    });
    expect(await ops('rebuild-feeds', '--json')).toMatchObject({ code: 0, stdout: '{"rebuilt":0}\n' });
  });
});

it('shows the row when Temporal is away, and names the address', async () => {
  const { eventId } = await insertEvent(database.pool, 'follow.added', { follower_id: newId(), followee_id: newId() });
  const shown = await runOps({ DATABASE_URL: database.url, TEMPORAL_ADDRESS: '127.0.0.1:1' }, 'show', eventId);
  expect(shown.stdout).toContain(eventId);
  expect(shown.stdout).toContain('the workflow is not known');
  expect(shown.stderr).toContain('no reply from Temporal at 127.0.0.1:1 (TEMPORAL_ADDRESS)');
  expect(shown.code).toBe(2);
});

it('names the variable that leads nowhere, and warns of settings that are misspelt or do not fit together', async () => {
  const wrong = { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/d', FEED_CAPP: '9', KAFKA_SEND_TIMEOUT_MS: '12000' };
  const { code, stderr } = await runOps(wrong, 'dead-letters');
  expect(code).toBe(2);
  expect(stderr).toContain('nova: FEED_CAPP is no setting and has no effect; did you mean FEED_CAP?\n');
  expect(stderr).toMatch(/KAFKA_SEND_TIMEOUT_MS=12000, 12000 ms\) must be less than/);
  expect(stderr).toMatch(/no PostgreSQL at 127\.0\.0\.1:1\/d \(DATABASE_URL\)/);
  expect(stderr).not.toContain('secret');
});

it.each([
  [
    'PostgreSQL',
    'DATABASE_URL',
    'postgres://u:secret@',
    '/d',
    ['dead-letters'],
    /no PostgreSQL at 127\.0\.0\.1:\d+\/d \(DATABASE_URL\): .*time/,
  ],
  [
    'Temporal',
    'TEMPORAL_ADDRESS',
    '',
    '',
    ['requeue', newId()],
    /no Temporal at 127\.0\.0\.1:\d+ \(TEMPORAL_ADDRESS\)/,
  ],
  ['Redis', 'REDIS_URL', 'redis://u:secret@', '', ['rebuild-feeds'], /no Redis at 127\.0\.0\.1:\d+ \(REDIS_URL\)/],
])(
  'names a %s that takes the connection and never replies, and ends',
  async (_, variable, before, after, command, said) => {
    const silent = await startFaultProxy({ host: '127.0.0.1', port: 1 });
    silent.set('half-open');
    try {
      const address = `${before}127.0.0.1:${silent.port}${after}`;
      const { code, stderr } = await runOps({ DATABASE_URL: database.url, [variable]: address }, ...command);
      expect(stderr).toMatch(said);
      expect(stderr).not.toContain('secret');
      expect(code).toBe(2);
    } finally {
      await silent.close();
    }
  },
);

it('ends quietly when its reader has seen enough', async () => {
  // Not --help: that ends the process before it hears of the pipe.
  const child = spawn(process.execPath, [...fromSource, 'ops/cli.ts', 'dead-letters'], {
    env: { ...process.env, ...environmentOf(servers()), DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Before anything is written.
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  expect(said).toBe('');
});

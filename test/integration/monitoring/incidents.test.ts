import { type Client } from '@temporalio/client';
import { urlsOf } from '../../../dev/logins';
import { freePort } from '../../../dev/stack/ports';
import { type AlarmStack, startAlarms } from '../../support/alarm-stack';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { deleteRun } from '../../support/delete-run';
import { insertEvent, newId } from '../../support/events';
import { deliveriesOf, insertUser } from '../../support/notify';
import { runOps } from '../../support/ops-command';
import { otherBuild } from '../../support/other-build';
import { type OwnProcess, type OwnSystem, createOwnSystem, pendingOf, untilReady } from '../../support/own-system';
import { servers } from '../../support/servers';
import { type SmtpLab, startSmtpLab } from '../../support/smtp-lab';
import { type SnapshotRedis, startSnapshotRedis } from '../../support/snapshot-redis';
import { createTestClient } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

// Those that ring because a server or a queue is away are in alarms-arrive.test.ts.

const pageSize = 50;

let database: TestDatabase;
let redis: SnapshotRedis;
let lab: SmtpLab;
let client: Client;
let system: OwnSystem;
let bridge: OwnProcess;
let workers: OwnProcess;
let alarms: AlarmStack;
let ports: { readonly WORKER_HEALTH_PORT: string };

beforeAll(async () => {
  [database, redis, lab, client] = await Promise.all([
    createTestDatabase(),
    startSnapshotRedis(),
    startSmtpLab(),
    createTestClient(),
  ]);
  system = await createOwnSystem({ ...servers(), redisUrl: redis.url }, database.url, {
    SMTP_URL: lab.url,
    // Small pages: there is time to delete a post between two of them.
    FEED_PAGE_SIZE: String(pageSize),
    AUDIT_EVERY_S: '10',
    AUDIT_SETTLE_S: '1',
    AUDIT_GRACE_MS: '0',
  });
  const [bridgePort, workersPort] = [await freePort(), await freePort()];
  ports = { WORKER_HEALTH_PORT: String(workersPort) };
  [bridge, workers] = await Promise.all([
    system.startBridge({ BRIDGE_METRICS_PORT: String(bridgePort) }),
    system.startWorkers(ports),
  ]);
  await untilReady(bridge, workers);
  const ended = async () => {
    const age = await bridge.metric('nova_audit_age_seconds');
    return age > 0 && age < 60;
  };
  await waitFor(ended, { what: 'an audit' });
  alarms = await startAlarms({
    'nova-bridge': [`127.0.0.1:${bridgePort}`],
    'nova-workers': [`127.0.0.1:${workersPort}`],
  });
  await waitFor(async () => (await alarms.query('nova_feed_store_epoch == 1')).length === 1);
});

afterAll(async () => {
  await alarms?.stop();
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([lab?.stop(), redis?.close(), database?.drop(), client?.connection.close()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

const nova = (...args: string[]) =>
  runOps({ ...system.environment, DATABASE_URL: urlsOf(database.url).operator }, ...args);
/** Budgets of time apart: a starved machine exceeds them. */
const names = () =>
  [...new Set(alarms.arrived.map(({ labels }) => labels['alertname'] ?? ''))].filter(
    (name) => !/^NovaEffectsLate/.test(name),
  );

const arrival = (alertname: string, labels?: Readonly<Record<string, string>>) => alarms.arrival(alertname, labels);

const publish = async (...[type, payload]: [type: Parameters<typeof insertEvent>[1], payload: object]) =>
  (await insertEvent(database.pool, type, payload as never, { started: false })).eventId;
const post = (user_id = newId(), post_id = newId()) => publish('content.post.created', { post_id, user_id });
const mention = async (user: string) =>
  publish('message.persisted', {
    ...{ message_id: newId(), conversation_id: newId(), sender_id: await insertUser(database.pool) },
    ...{ content: 'hello', mentioned_user_ids: [user] },
  });
const follow = (followee: string, followers: number) =>
  database.pool.query(
    'INSERT INTO follows (followee_id, follower_id) SELECT $1, gen_random_uuid() FROM generate_series(1, $2)',
    [followee, followers],
  );
type Result = { outcome: string; counts: Record<string, number> };
const resultOf = (id: string) => client.workflow.getHandle(id).result() as Promise<Result>;

it('a delete in the middle of a fan-out rings nothing; the counts that are shown are those of what was done', async () => {
  const [author, postId] = [newId(), newId()];
  await follow(author, 20_000);
  const feeds = (change: string) => workers.metric(`nova_feeds_written_total{change="${change}"}`);
  const created = await post(author, postId);
  await waitFor(async () => (await feeds('added')) > 200, { everyMs: 20 });
  const deleted = await publish('content.post.deleted', { post_id: postId, user_id: author });
  const [fanOut, retraction] = await Promise.all([waitFor(() => resultOf(created)), waitFor(() => resultOf(deleted))]);
  const [added, removed] = [await feeds('added'), await feeds('taken_out')];
  expect(added).toBeLessThan(20_000);
  expect({ outcomes: [fanOut.outcome, retraction.outcome], removed }).toEqual({
    outcomes: ['stopped', 'done'],
    removed: added,
  });
  // The page in which the delete was seen is written, taken out again at once, and counted by neither.
  const { followers } = fanOut.counts as { followers: number };
  expect(added - followers).toBeGreaterThanOrEqual(0);
  expect(added - followers).toBeLessThanOrEqual(pageSize);
  const { stdout, code } = await nova('show', created);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`stopped.*followers ${followers}`));
  expect(names()).toEqual([]);
});

it('a person who did not see a post, or was not notified, is explained by one command', async () => {
  const [author, user] = [newId(), await insertUser(database.pool)];
  const postId = newId();
  await resultOf(await post(author, postId).then(untilStarted));
  expect(await nova('why', '--user', user, '--post', postId)).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/✘.*does not follow/) as string,
  });
  await database.pool.query(`INSERT INTO notification_preferences VALUES ($1, 'message.mention', 'email', false)`, [
    user,
  ]);
  const event = await mention(user).then(untilStarted);
  await resultOf(event);
  expect((await nova('why', '--user', user, '--event', event)).stdout).toMatch(/email was not sent: .*SWITCHED_OFF/);
  expect(names()).toEqual([]);
});

async function untilStarted(eventId: string): Promise<string> {
  await waitFor(
    async () =>
      (await database.pool.query('SELECT FROM outbox_events WHERE id = $1 AND published_at IS NOT NULL', [eventId]))
        .rowCount,
  );
  return eventId;
}

it('Redis lost its data', async () => {
  await redis.run((connection) => connection.flushall());
  await arrival('NovaRedisLostData', { severity: 'warning' });
});

it('a run was deleted in Temporal', async () => {
  const event = await mention(newId()).then(untilStarted);
  await resultOf(event);
  await deleteRun(client, event);
  await nova('audit', '--since', '1h');
  await arrival('NovaAuditUnexplained', { kind: 'marked_without_run', outbox: 'main' });
  expect((await nova('show', event)).code).toBe(0);
});

it('a wrong deployment: runs that do not replay, an activity that fails for good, and one that throws', async () => {
  const build = otherBuild([
    {
      file: 'workflows/notification.ts',
      from: 'const notifying =',
      to: `await sleep(1_000);\n  const notifying =`,
    },
    {
      file: 'workflows/notification.ts',
      from: 'import',
      to: `import { sleep } from '@temporalio/workflow';\nimport`,
    },
    {
      file: 'activities/feed/fan-out.ts',
      from: 'const state = await recordPost',
      to: `throw new NovaError('INVALID_PAYLOAD', 'audience: Required');\n  const state = await recordPost`,
    },
    {
      file: 'activities/feed/follow.ts',
      from: 'const change =',
      to: `(undefined as unknown as Date).getTime();\n  const change =`,
    },
    {
      file: 'activities/feed/fan-out.ts',
      from: 'import',
      to: `import { NovaError } from '../../contracts/failures';\nimport`,
    },
  ]);
  try {
    await lab.down();
    const user = await insertUser(database.pool);
    const open = await mention(user).then(untilStarted);
    await waitFor(async () => (await pendingOf(client, open)).some(({ failure }) => failure === 'CHANNEL_UNAVAILABLE'));
    await workers.stop();
    const wrong = await system.inCheckout(build.folder).startWorkers(ports);
    await untilReady(bridge, wrong);
    await lab.up();
    const failed = await post().then(untilStarted);
    const throws = await publish('follow.added', { follower_id: newId(), followee_id: newId() }).then(untilStarted);
    await arrival('NovaRunsStandStill', { workflow_type: 'notificationWorkflow', fault: 'non-determinism' });
    await arrival('NovaRunsFailed', { outbox: 'main' });
    await arrival('NovaActivitiesThrow', { activity: 'feedFollow' });
    const status = (await nova('status')).stdout;
    expect(status).toMatch(/RUNS STAND STILL[^]*notificationWorkflow +1 .*non-determinism/);
    expect(status).toMatch(
      /RUNS WAIT FOR[^]*feedFollow .*Cannot read properties of undefined[^]*→ the code of the activity throws/,
    );
    const { stdout: story } = await nova('show', failed);
    expect(story).toMatch(/FAILED[^]*INVALID_PAYLOAD: .*audience: Required/);
    expect(story.match(/audience: Required/g)).toHaveLength(1);
    // The cure: the version before, and a replay of what had failed.
    await wrong.stop();
    workers = await system.startWorkers(ports);
    await Promise.all([open, throws].map(resultOf));
    expect(await deliveriesOf(database.pool, open)).toMatchObject([{ recipient_id: user, state: 'sent' }]);
    expect(await nova('replay', failed, '--yes', '--reason', 'the wrong deployment')).toMatchObject({ code: 0 });
    await waitFor(async () => (await alarms.query('max(nova_audit_failed_runs) == 0')).length === 1, {
      timeoutMs: 180_000,
    });
  } finally {
    build.remove();
  }
});

// The last: what is left of it would be all that the others see of open runs.
it('one aggregate with thousands of rows', async () => {
  const conversation = newId();
  await database.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
     SELECT gen_random_uuid(), $1::uuid, 'message.edited', jsonb_build_object('message_id', gen_random_uuid(), 'conversation_id', $1::text,
       'editor_id', gen_random_uuid()) FROM generate_series(1, 3000)`,
    [conversation],
  );
  await arrival('NovaAggregateHot', { outbox: 'main', severity: 'warning' });
  const { stdout, code } = await nova('status');
  expect(stdout).toMatch(new RegExp(`HOTTEST AGGREGATES[^]*${conversation}`));
  expect(code).toBe(1);
});

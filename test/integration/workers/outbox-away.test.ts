import { type Connection } from '@temporalio/client';
import { Registry } from 'prom-client';
import { type EventRef } from '../../../contracts/event-ref';
import { environmentOf } from '../../../dev/stack/addresses';
import { runMigrations } from '../../../migrations/run-migrations';
import { configFrom } from '../../../runtime/config';
import { createActivities } from '../../../workers/compose';
import { Dependencies } from '../../../workers/dependencies';
import { createOutboxGauge } from '../../../workers/outbox-gauge';
import { OutboxGates } from '../../../workers/outbox-gates';
import { workerSettings } from '../../../workers/settings';
import { inActivity } from '../../support/activity-context';
import { patient } from '../../support/database';
import { newId } from '../../support/events';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { type TestTopics, createTestTopics } from '../../support/kafka';
import { silentLogger } from '../../support/logger';
import { insertInto } from '../../support/outbox-rows';
import { type TestOutboxes, createTestOutboxes } from '../../support/outboxes';
import { servers } from '../../support/servers';
import { testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let outboxes: TestOutboxes;
let topics: TestTopics;
let proxy: FaultProxy;
let dependencies: Dependencies;
let activities: ReturnType<typeof createActivities>;
const prefix = testQueuePrefix();
const registry = new Registry();

beforeAll(async () => {
  [outboxes, topics] = await Promise.all([createTestOutboxes('content', 'social'), createTestTopics(['identity'])]);
  const { hostname: host, port } = new URL(outboxes.state.url);
  proxy = await startFaultProxy({ host, port: Number(port) });
  const listed = JSON.parse(outboxes.environment['OUTBOXES'] ?? '') as { name: string; url: string }[];
  for (const outbox of listed.filter(({ name }) => name === 'content')) {
    const url = new URL(outbox.url);
    Object.assign(url, { hostname: '127.0.0.1', port: String(proxy.port) });
    outbox.url = url.toString();
  }
  const config = configFrom(workerSettings, {
    ...environmentOf(servers()),
    DATABASE_URL: outboxes.state.url,
    OUTBOXES: JSON.stringify(listed),
    KAFKA_TOPIC_PREFIX: topics.prefix,
    KAFKA_CREATE_TOPICS: 'false',
    REDIS_KEY_PREFIX: `${prefix}:`,
    TASK_QUEUE_PREFIX: prefix,
  });
  dependencies = new Dependencies(config, silentLogger);
  // What hangs is to hang for as long as the test needs it.
  for (const outbox of dependencies.ownOutboxes)
    for (const effect of ['identity', 'kafka'] as const) patient(outbox.reachedBy(effect).pool);
  createOutboxGauge(registry, dependencies.ownOutboxes);
  await dependencies.start();
  activities = createActivities(dependencies, config, silentLogger);
});
afterAll(async () => {
  await proxy.close();
  await dependencies.stop();
  await Promise.all([outboxes.drop(), topics.drop()]);
});

const user = (outbox: string): Promise<EventRef> =>
  insertInto(outboxes, outbox, 'identity.user.created', { user_id: newId(), username: 'u' });
const acts = () => [activities.identityApply, activities.emitEvent] as const;
/** How an activity ends, and that it has. */
function begin(activity: (event: EventRef) => Promise<unknown>, event: EventRef) {
  const begun = { ended: undefined as string | undefined };
  inActivity(() => activity(event)).then(
    () => (begun.ended = 'done'),
    (thrown: unknown) => (begun.ended = (thrown as { type?: string }).type ?? String(thrown)),
  );
  return begun;
}
/** What the metrics say of the outboxes: 1, its events are refused. */
const refused = async (): Promise<Record<string, number>> => {
  const lines = (await registry.metrics()).matchAll(/^nova_worker_outbox_refused{outbox="(.*)"} (.)$/gm);
  return Object.fromEntries([...lines].map(([, outbox = '', value]) => [outbox, Number(value)]));
};
const emitted = async (outbox: string): Promise<number> =>
  (await outboxes.of[outbox]!.pool.query('SELECT FROM outbox_events WHERE emitted_at IS NOT NULL')).rowCount ?? 0;

it('goes on with the events of one outbox while the database of another hangs, and refuses what would only wait for that', async () => {
  for (const act of acts()) await inActivity<unknown>(async () => act(await user('content')));
  proxy.set('half-open');
  const hanging = await Promise.all(acts().map(async (act) => begin(act, await user('content'))));
  // Those before the first that is refused wait too.
  for (const act of acts()) await waitFor(() => isRefused(act));
  expect(await refused()).toEqual({ content: 1, social: 0 });

  const events = await Promise.all(Array.from({ length: 20 }, () => user('social')));
  await Promise.all(events.flatMap((event) => acts().map((act) => inActivity<unknown>(() => act(event)))));
  expect(await emitted('social')).toBe(20);
  expect(hanging.map(({ ended }) => ended)).toEqual([undefined, undefined]);

  proxy.set('reset');
  await waitFor(() => hanging.every(({ ended }) => ended !== undefined));
  proxy.set('pass');
  for (const act of acts()) {
    const event = await user('content');
    await waitFor(() =>
      inActivity<unknown>(() => act(event)).then(
        () => true,
        () => false,
      ),
    );
  }
  expect(await refused()).toEqual({ content: 0, social: 0 });
});

it('an outbox whose database takes 1.5 s for each reply slows down its own events alone', async () => {
  for (const act of acts()) await inActivity<unknown>(async () => act(await user('content')));
  proxy.set({ replyDelayMs: 1_500 });
  // One after another, so that the slow outbox has something under way for as long as the other is looked at.
  let [through, stop] = [0, false];
  const slow = Promise.all(
    acts().map(async (act) => {
      for (; !stop; through += 1) await inActivity<unknown>(async () => act(await user('content')));
    }),
  );
  slow.catch(() => undefined);
  const inTurn = 20;
  for (let i = 0; i < inTurn; i++)
    for (const act of acts()) await inActivity<unknown>(async () => act(await user('social')));
  // Who waits for the other at each event is as slow as that.
  expect(through).toBeLessThan(inTurn / 2);
  stop = true;
  proxy.set('pass');
  await slow;
});

/** What an older version did not have, or that there is nothing of ours. */
const older: Record<string, string> = {
  'was migrated by an older version': `ALTER FUNCTION nova.outbox_unemitted RENAME TO outbox_unemitted_before;
     ALTER TABLE nova.outbox_events RENAME COLUMN schema_version TO schema_version_before;
     DELETE FROM nova.nova_functions WHERE name = 'outbox_unemitted'`,
  'was never migrated': 'ALTER SCHEMA nova RENAME TO nova_away',
};
const newer: Record<string, string> = {
  'was migrated by an older version':
    'ALTER TABLE nova.outbox_events RENAME COLUMN schema_version_before TO schema_version',
  'was never migrated': 'DROP SCHEMA IF EXISTS nova CASCADE; ALTER SCHEMA nova_away RENAME TO nova',
};

it.each(Object.keys(older))(
  'the events of an outbox that %s are tried again with SCHEMA_BEHIND, and no others',
  async (how) => {
    const { pool, url } = outboxes.of['content']!;
    const [behind, event] = await Promise.all([user('content'), user('social')]);
    await pool.query(older[how]!);
    for (const act of acts()) {
      await expect(inActivity<unknown>(() => act(behind))).rejects.toMatchObject({
        type: 'SCHEMA_BEHIND',
        nonRetryable: false,
        message: expect.stringMatching(/^SCHEMA_BEHIND: outbox content: .*does not exist/) as string,
      });
      await inActivity<unknown>(() => act(event));
    }
    await pool.query(newer[how]!);
    await runMigrations(url, { sets: ['outbox'] });
    for (const act of acts()) await inActivity<unknown>(() => act(behind));
  },
);

/** Whether one more is refused at once. */
async function isRefused(act: (event: EventRef) => Promise<unknown>): Promise<boolean> {
  const one = begin(act, await user('content'));
  await new Promise(setImmediate);
  return one.ended === 'DATABASE_UNAVAILABLE';
}

it('refuses the events of an outbox that is another deployment’s, by name, and no others, until it is ours', async () => {
  const { pool } = outboxes.of['content']!;
  await pool.query(
    `INSERT INTO deployment (temporal_namespace, temporal_namespace_id, task_queue_prefix, kafka_topic_prefix, outbox)
     VALUES ('n', 'i', 'theirs', 'k', 'content') ON CONFLICT (is_this) DO UPDATE SET task_queue_prefix = 'theirs'`,
  );
  const gates = new OutboxGates(dependencies.ownOutboxes, {
    connection: dependencies.temporal.connection as Connection,
    settings: { temporalNamespace: servers().temporalNamespace, taskQueuePrefix: prefix },
    logger: silentLogger,
  });
  const [theirs, ours] = await Promise.all([user('content'), user('social')]);
  await expect(inActivity(() => activities.identityApply(ours))).rejects.toThrow(
    'DATABASE_UNAVAILABLE: outbox social: its deployment is not known yet',
  );
  await gates.start();
  try {
    await waitFor(() => gates.alarm?.code === 'WRONG_DEPLOYMENT');
    await waitFor(() =>
      inActivity(() => activities.identityApply(ours)).then(
        () => true,
        () => false,
      ),
    );
    for (const act of acts())
      await expect(inActivity<unknown>(() => act(theirs))).rejects.toMatchObject({
        type: 'WRONG_DEPLOYMENT',
        nonRetryable: false,
        message: expect.stringMatching(/^WRONG_DEPLOYMENT: outbox content: .*the database has "theirs"/) as string,
      });
    await pool.query('DELETE FROM deployment');
    for (const act of acts())
      await waitFor(
        () =>
          inActivity<unknown>(() => act(theirs)).then(
            () => true,
            () => false,
          ),
        { everyMs: 100 },
      );
    expect(gates.alarm).toBeUndefined();
  } finally {
    await gates.stop();
  }
});

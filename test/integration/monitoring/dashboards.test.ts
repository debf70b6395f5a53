import { type Client, type WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { boards } from '../../../dev/dashboards/boards';
import { freePort } from '../../../dev/stack/ports';
import { type AlarmStack, startAlarms } from '../../support/alarm-stack';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { addressOf, insertUser } from '../../support/notify';
import { type OwnSystem, createOwnSystem } from '../../support/own-system';
import { servers } from '../../support/servers';
import { type SmtpLab, startSmtpLab } from '../../support/smtp-lab';
import { createTestClient } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

/** Series that only exist after what is not staged here, and after what. */
const notStaged: Readonly<Record<string, string>> = {
  nova_outbox_partitions_kept: 'a day is past its retention',
  nova_worker_outbox_refused: 'an outbox has a database of its own',
  // test/integration/monitoring/incidents.test.ts has it.
  nova_runs_with_throwing_activity: 'the code of an activity is wrong',
  // test/integration/workers/effect-metrics.test.ts has them.
  nova_consumer_group: 'workers have looked for groups again, which they do every five minutes',
};

let database: TestDatabase;
let lab: SmtpLab;
/** Temporal, as the bridge reaches it. */
let temporal: FaultProxy;
let system: OwnSystem;
let alarms: AlarmStack;
let client: Client;

/** Bridge and workers as in production, and a Prometheus that scrapes each of their pages every second. */
beforeAll(async () => {
  const [host = '', port] = servers().temporalAddress.split(':');
  [database, lab, temporal, client] = await Promise.all([
    createTestDatabase(),
    startSmtpLab(),
    startFaultProxy({ host, port: Number(port) }),
    createTestClient(),
  ]);
  const [bridgePort, workersPort, sdkPort] = [await freePort(), await freePort(), await freePort()];
  system = await createOwnSystem(servers(), database.url, { SMTP_URL: lab.url, AUDIT_EVERY_S: '5' });
  await Promise.all([
    system.startBridge({
      BRIDGE_METRICS_PORT: String(bridgePort),
      TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}`,
    }),
    system.startWorkers({
      WORKER_HEALTH_PORT: String(workersPort),
      WORKER_METRICS_PORT: String(sdkPort),
    }),
  ]);
  alarms = await startAlarms({
    'nova-bridge': [`127.0.0.1:${bridgePort}`],
    'nova-workers': [`127.0.0.1:${workersPort}`],
    'nova-workers-sdk': [`127.0.0.1:${sdkPort}`],
  });
});

afterAll(async () => {
  await alarms?.stop();
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([lab?.stop(), temporal?.close(), client?.connection.close(), database?.drop()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

/** What people do: a post for a follower, a message that mentions one, an upload, and a post that is taken back. */
async function traffic(author: string, reader: string): Promise<void> {
  const { pool } = database;
  const [post, message] = [newId(), newId()];
  const pending = { started: false };
  const ofPost = { post_id: post, user_id: author };
  await insertEvent(pool, 'content.post.created', { ...ofPost, mentioned_user_ids: [reader] }, pending);
  await insertEvent(
    pool,
    'message.persisted',
    {
      ...{ message_id: message, conversation_id: newId(), sender_id: author, content: 'hello' },
      mentioned_user_ids: [reader],
    },
    pending,
  );
  await insertEvent(
    pool,
    'media.upload.completed',
    { upload_id: newId(), media_id: newId(), user_id: author, post_id: post, file_name: 'a.jpg', size_bytes: 1 },
    pending,
  );
  await insertEvent(pool, 'content.post.deleted', ofPost, pending);
  await insertEvent(pool, 'security.alert.raised', { alert_id: newId(), user_id: reader, kind: 'new_login' }, pending);
}

/** Waits until Prometheus has seen it. */
const seen = (expr: string) => waitFor(async () => (await alarms.query(expr)).length > 0, { what: expr });

/**
 * What operators and engineers have to look at: a bridge without Temporal, a dead letter, a mail server that is away and then refuses one person, a run
 * that fails, and one that stands still.
 */
async function faults(author: string): Promise<WorkflowHandle> {
  const { pool } = database;
  await pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES (gen_random_uuid(), $1, 'content.post.created', '{"nonsense": true}')`,
    [newId()],
  );
  const unwilling = await insertUser(pool);
  lab.misbehave({ at: 'connect', by: 'drop' });
  const message = { message_id: newId(), conversation_id: newId(), sender_id: author, content: 'hello' };
  const ref = await insertEvent(
    pool,
    'message.persisted',
    { ...message, mentioned_user_ids: [unwilling] },
    { started: false },
  );
  await seen('temporal_activity_execution_failed_total > 0');
  lab.misbehave({ at: 'rcpt', by: { reply: 550 }, forAddress: addressOf(unwilling) });
  const start = (type: string, eventId: string) =>
    client.workflow.start(type, {
      ...{ workflowId: eventId, taskQueue: `${system.prefix}-kafka`, args: [{ ...ref, eventId }] },
      typedSearchAttributes: [{ key: defineSearchAttributeKey('EventType', 'KEYWORD'), value: ref.eventType }],
    });
  await start('emitWorkflow', newId());
  const stands = await start('workflowOfAnotherVersion', newId());
  await seen('nova_runs_standing_still > 0');
  temporal.set('reset');
  await insertEvent(pool, 'message.edited', { ...message, editor_id: author }, { started: false });
  await seen('nova_bridge_outage == 1');
  temporal.set('pass');
  return stands;
}

it('every query of every panel has data on a running system', async () => {
  // Every type is taken.
  await seen('nova_bridge_paused_types == 0');
  const { pool } = database;
  const [author, reader] = [await insertUser(pool), await insertUser(pool)];
  await pool.query('INSERT INTO follows (follower_id, followee_id) VALUES ($1, $2)', [reader, author]);
  const stands = await faults(author);
  const queries = boards.flatMap((board) =>
    board.rows.flatMap(({ panels }) =>
      panels.flatMap((panel) => panel.queries.map(({ expr }) => ({ name: `${board.name}: ${panel.title}`, expr }))),
    ),
  );
  let left = queries.filter(({ expr }) => !Object.keys(notStaged).some((series) => expr.includes(series)));
  const all = async (): Promise<boolean> => {
    await traffic(author, reader);
    const isEmpty = await Promise.all(
      left.map(async ({ expr }) => {
        const values = await alarms.query(expr.replaceAll('$__rate_interval', '30s'));
        return !values.some((value) => Number.isFinite(value));
      }),
    );
    left = left.filter((_, i) => isEmpty[i]);
    return left.length === 0;
  };
  await waitFor(all, { everyMs: 2_000, what: 'data for every query' }).catch(() => undefined);
  await stands.terminate();
  expect(left).toEqual([]);
});

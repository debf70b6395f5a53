import { type TestDatabase, createTestDatabase } from '../../support/database';
import { type AlarmStack, startAlarms } from '../../support/alarm-stack';
import { insertEvent, newId } from '../../support/events';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { insertUser } from '../../support/notify';
import { type OwnProcess, type OwnSystem, createOwnSystem } from '../../support/own-system';
import { servers } from '../../support/servers';
import { type SmtpLab, startSmtpLab } from '../../support/smtp-lab';
import { waitFor } from '../../support/wait-for';
import { freePort } from '../../../dev/stack/ports';

let database: TestDatabase;
let redis: FaultProxy;
let lab: SmtpLab;
let system: OwnSystem;
let bridge: OwnProcess;
let alarms: AlarmStack;

/** Bridge and workers, of which none takes media; Kafka is away, and Redis is behind a proxy. */
beforeAll(async () => {
  const url = new URL(servers().redisUrl);
  [database, redis, lab] = await Promise.all([
    createTestDatabase(),
    startFaultProxy({ host: url.hostname, port: Number(url.port) }),
    startSmtpLab(),
  ]);
  url.hostname = '127.0.0.1';
  url.port = String(redis.port);
  const [bridgePort, workersPort, noBroker] = [await freePort(), await freePort(), await freePort()];
  system = await createOwnSystem({ ...servers(), redisUrl: url.toString() }, database.url, {
    KAFKA_BROKERS: `127.0.0.1:${noBroker}`,
    SMTP_URL: lab.url,
    WORKER_QUEUES: 'feed,notification,identity,kafka,maintenance',
    AUDIT_EVERY_S: '0',
  });
  [bridge] = await Promise.all([
    system.startBridge({ BRIDGE_METRICS_PORT: String(bridgePort) }),
    system.startWorkers({ WORKER_HEALTH_PORT: String(workersPort) }),
  ]);
  alarms = await startAlarms({
    'nova-bridge': [`127.0.0.1:${bridgePort}`],
    'nova-workers': [`127.0.0.1:${workersPort}`],
  });
});

afterAll(async () => {
  await alarms?.stop();
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([lab?.stop(), redis?.close(), database?.drop()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

const arrival = (alertname: string, labels?: Readonly<Record<string, string>>) => alarms.arrival(alertname, labels);

/** A row that was committed ten minutes ago. */
const insertOld = (type: string, aggregateId: string, payload: object) =>
  database.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, created_at)
     VALUES (gen_random_uuid(), $1, $2, $3, now() - interval '10 minutes')`,
    [aggregateId, type, JSON.stringify(payload)],
  );

it('each staged incident rings its alarm at the receiver, in words, and no other alarm of a promise rings', async () => {
  const { pool } = database;
  // What is there already is no growth.
  await waitFor(async () => (await alarms.query('nova_outbox_dead_lettered_rows == 0')).length === 1);
  await waitFor(async () => (await alarms.query('nova_dependency_up{dependency="redis"} == 1')).length === 1);

  // The reply of the mail server is lost.
  lab.misbehave({ at: 'content', by: 'drop' });
  await insertEvent(
    pool,
    'message.persisted',
    {
      message_id: newId(),
      conversation_id: newId(),
      sender_id: await insertUser(pool),
      content: 'hello',
      mentioned_user_ids: [await insertUser(pool)],
    },
    { started: false },
  );
  // A row whose payload no version can read.
  await pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES (gen_random_uuid(), $1, 'content.post.created', '{"nonsense": true}')`,
    [newId()],
  );
  // An upload, whose queue no worker takes: its type is paused. It has waited for ten minutes.
  const upload = newId();
  const file = { file_name: 'a.jpg', size_bytes: 1 };
  await insertOld('media.upload.completed', upload, {
    upload_id: upload,
    media_id: newId(),
    user_id: newId(),
    ...file,
  });
  // What was committed ten minutes ago is not on Kafka.
  const message = { message_id: newId(), conversation_id: newId(), sender_id: newId(), content: 'hello' };
  await insertOld('message.persisted', message.conversation_id, message);

  await arrival('NovaDeadLetters', { outbox: 'main', severity: 'warning' });
  await arrival('NovaTypesPaused', { outbox: 'main', severity: 'critical' });
  await arrival('NovaRowsWait', { outbox: 'main', priority: 'normal' });
  await arrival('NovaTaskQueueUnserved', { task_queue: `${system.prefix}-media` });
  const kafka = await arrival('NovaDependencyDown', { dependency: 'kafka' });
  expect(kafka.annotations.description).toMatch(/^kafka: no bridge or worker/);
  await arrival('NovaEventsNotOnKafka', { outbox: 'main' });
  await arrival('NovaDeliveriesUnknown', { channel: 'email' });
  // No audit is scheduled here: that the last one is old is no alarm.
  expect(await alarms.query('nova_audit_age_seconds')).toEqual([]);
  redis.set('reset');
  await arrival('NovaDependencyDown', { dependency: 'redis' });
  bridge.kill();
  await arrival('NovaNoBridge');

  const texts = alarms.arrived.flatMap(({ annotations }) => Object.values(annotations));
  expect(texts.filter((text) => /error expanding|<no value>|\{\{/.test(text))).toEqual([]);
  const names = new Set(alarms.arrived.map(({ labels }) => labels['alertname']));
  const others = [
    'NovaFuseBlown',
    'NovaAuditUnexplained',
    'NovaRunsStandStill',
    'NovaAggregatesHeld',
    'NovaLeasesLost',
  ];
  expect(others.filter((name) => names.has(name))).toEqual([]);
});

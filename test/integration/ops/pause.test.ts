import { makeLogins, urlsOf } from '../../../dev/logins';
import { environmentOf } from '../../../dev/stack/addresses';
import { choosePorts } from '../../../dev/stack/ports';
import { SmtpChannel } from '../../../activities/notify/smtp-channel';
import { type IdentityDeps } from '../../../activities/identity/identity-activities';
import { composeBridge } from '../../../outbox-bridge/compose';
import { bridgeSettings } from '../../../outbox-bridge/settings';
import { configFrom } from '../../../runtime/config';
import { type Service } from '../../../runtime/lifecycle';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { silentLogger } from '../../support/logger';
import { addressOf, deliveriesOf, insertUser, notifyDeps } from '../../support/notify';
import { pendingActivities, startNotifyWorkers } from '../../support/notify-worker';
import { runOps } from '../../support/ops-command';
import { servers } from '../../support/servers';
import { type SmtpLab, patientSmtp, startSmtpLab } from '../../support/smtp-lab';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let lab: SmtpLab;
let smtp: SmtpChannel;
let nova: Awaited<ReturnType<typeof startNotifyWorkers>>;
let services: Service[] = [];
let port = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  await makeLogins(database.url);
  lab = await startSmtpLab();
  smtp = new SmtpChannel({
    ...{ url: lab.url, from: 'Nova <no-reply@nova.example>', connections: 2, timeouts: patientSmtp },
  });
  nova = await startNotifyWorkers(notifyDeps(database.pool, { email: smtp }), {} as IdentityDeps);
  ({ temporalMetrics: port = 0 } = await choosePorts(['temporalMetrics'], {}, {}));
  const config = configFrom(bridgeSettings, {
    ...environmentOf(servers()),
    ...{ DATABASE_URL: urlsOf(database.url).bridge, TASK_QUEUE_PREFIX: nova.prefix, BRIDGE_METRICS_PORT: String(port) },
  });
  services = [...composeBridge(config, silentLogger).services];
  for (const service of services) void service.start();
});
afterAll(async () => {
  for (const service of services.reverse()) await service.stop();
  await nova.stop();
  smtp.close();
  await lab.stop();
  await database.drop();
});

const ops = (...args: string[]) =>
  runOps({ DATABASE_URL: urlsOf(database.url).operator, TASK_QUEUE_PREFIX: nova.prefix, OPS_ACTOR: 'ada' }, ...args);
const why = ['--reason', 'a bad release', '--yes'];

async function mention() {
  const recipient = await insertUser(database.pool);
  const event = await insertEvent(
    database.pool,
    'message.persisted',
    {
      ...{ message_id: newId(), conversation_id: newId(), sender_id: await insertUser(database.pool) },
      ...{ content: 'x', mentioned_user_ids: [recipient] },
    },
    { started: false },
  );
  return { ...event, recipient };
}
/** Of a type that goes on while the other waits. */
const edit = () =>
  insertEvent(
    database.pool,
    'message.edited',
    { message_id: newId(), conversation_id: newId(), editor_id: newId(), content: 'x' },
    { started: false },
  );
interface Row {
  readonly started: boolean;
  readonly claims: number;
}
const rowOf = async (id: string) =>
  (
    await database.pool.query<Row>(
      'SELECT published_at IS NOT NULL AS started, claim_count AS claims FROM outbox_events WHERE id = $1',
      [id],
    )
  ).rows[0]!;
const started = (id: string) => waitFor(async () => (await rowOf(id)).started, { what: `${id} started` });
const pausedTypes = async () =>
  (await database.pool.query<{ types: Record<string, string> }>('SELECT paused_types AS types FROM bridge_instances'))
    .rows[0]?.types ?? {};
const bridgeKnows = (type: string, knows = true) =>
  waitFor(async () => type in (await pausedTypes()) === knows, { what: `bridge: ${type} paused: ${knows}` });

describe('an event type that a person pauses', () => {
  it('waits unclaimed while others go on, says who and why wherever one looks, and goes on when it is resumed', async () => {
    expect(await ops('pause', 'message.persisted', '--reason', 'a bad release')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('repeat with --yes') as string,
    });
    expect((await ops('pause', 'message.persisted', '--until', '30m', ...why)).code).toBe(0);
    await bridgeKnows('message.persisted');
    const [held, free] = [await mention(), await edit()];
    await started(free.eventId);
    expect(await rowOf(held.eventId)).toEqual({ started: false, claims: 0 });
    const text = /^PAUSED_BY_HAND: by ada until \S+: a bad release$/;
    expect((await pausedTypes())['message.persisted']).toMatch(text);
    expect((await ops('status')).stdout).toContain('PAUSED_BY_HAND: by ada until ');
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/^nova_bridge_paused_types{[^}]*} 1$/m);
    const health = await (await fetch(`http://127.0.0.1:${port}/healthz`)).json();
    expect(health).toMatchObject({ ok: true, reason: expect.stringContaining('PAUSED_BY_HAND') as string });
    expect((await ops('pauses')).stdout).toMatch(/message\.persisted +main +ada +\S+Z +a bad release/);
    expect((await ops('resume', 'message.persisted')).code).toBe(0);
    await started(held.eventId);
    const { rows } = await database.pool.query('SELECT command, ids FROM operator_acts ORDER BY id');
    expect(rows).toEqual([
      { command: 'pause', ids: ['message.persisted'] },
      { command: 'resume', ids: ['message.persisted'] },
    ]);
    expect(await ops('resume', 'message.persisted')).toMatchObject({ code: 1 });
  });

  it('goes on by itself when the time is over', async () => {
    expect((await ops('pause', 'queue:notification', '--until', '8s', ...why)).code).toBe(0);
    await bridgeKnows('message.persisted');
    const held = await mention();
    expect((await rowOf(held.eventId)).started).toBe(false);
    await started(held.eventId);
    await bridgeKnows('message.persisted', false);
  });

  it('is every one of them when all are paused, and what cannot be paused is refused with what was meant', async () => {
    expect((await ops('pause', 'all', ...why)).code).toBe(0);
    await bridgeKnows('message.edited');
    const [one, other] = [await edit(), await mention()];
    await bridgeKnows('message.persisted');
    expect([await rowOf(one.eventId), await rowOf(other.eventId)]).toEqual([
      { started: false, claims: 0 },
      { started: false, claims: 0 },
    ]);
    expect((await ops('resume', 'message.persisted')).stdout).toContain(
      'every event type is paused: npx nova resume all',
    );
    expect((await ops('resume', 'all')).code).toBe(0);
    await Promise.all([one, other].map(({ eventId }) => started(eventId)));
    expect((await ops('pause', 'message.persistd', ...why)).stderr).toMatch(/did you mean "?message\.persisted/i);
    expect((await ops('pause', 'all', '--until', '30d', ...why)).stderr).toContain('at most 7 days');
  });
});

describe('a channel that a person pauses', () => {
  it('keeps its deliveries without an attempt and without a word to the provider, and sends them once it goes on', async () => {
    expect((await ops('pause', 'channel:email', '--until', '30m', ...why)).code).toBe(0);
    const { eventId, recipient } = await mention();
    const waiting = async () =>
      (await pendingActivities(nova.client, eventId)).find(({ type }) => type === 'notifyDeliver')?.failure;
    await waitFor(async () => (await waiting()) != null, { what: 'an activity that waits' });
    expect(JSON.stringify(await waiting())).toContain('PAUSED_BY_HAND');
    const [delivery] = await deliveriesOf(database.pool, eventId);
    expect(delivery).toMatchObject({ state: 'pending', attempts: 0 });
    const mails = () => lab.accepted.filter(({ to }) => to === addressOf(recipient)).length;
    expect(mails()).toBe(0);
    expect((await ops('resume', 'channel:email')).code).toBe(0);
    await nova.client.workflow.getHandle(eventId).result();
    expect(mails()).toBe(1);
    expect((await deliveriesOf(database.pool, eventId))[0]).toMatchObject({ state: 'sent', attempts: 1 });
  });
});

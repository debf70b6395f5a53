import { urlsOf } from '../../../dev/logins';
import { SmtpChannel } from '../../../activities/notify/smtp-channel';
import { type IdentityDeps } from '../../../activities/identity/identity-activities';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { addressOf, deliveriesOf, insertUser, notifyDeps } from '../../support/notify';
import { pendingActivities, startNotifyWorkers } from '../../support/notify-worker';
import { runOps } from '../../support/ops-command';
import { type SmtpLab, patientSmtp, startSmtpLab } from '../../support/smtp-lab';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let lab: SmtpLab;
let smtp: SmtpChannel;
let nova: Awaited<ReturnType<typeof startNotifyWorkers>>;

beforeAll(async () => {
  database = await createTestDatabase();
  lab = await startSmtpLab();
  const timeouts = patientSmtp;
  smtp = new SmtpChannel({ url: lab.url, from: 'Nova <no-reply@nova.example>', connections: 2, timeouts });
  nova = await startNotifyWorkers(notifyDeps(database.pool, { email: smtp }), {} as IdentityDeps);
});
afterAll(async () => {
  await nova.stop();
  smtp.close();
  await lab.stop();
  await database.drop();
});
afterEach(async () => {
  lab.misbehave();
  await lab.up();
});

const deliveries = (...args: string[]) =>
  runOps(
    { DATABASE_URL: urlsOf(database.url).operator, TASK_QUEUE_PREFIX: nova.prefix, OPS_ACTOR: 'ada' },
    ...['deliveries', ...args],
  );

async function mention(people = 1) {
  const recipients = await Promise.all(Array.from({ length: people }, () => insertUser(database.pool)));
  const event = await insertEvent(database.pool, 'message.persisted', {
    ...{ message_id: newId(), conversation_id: newId(), sender_id: await insertUser(database.pool) },
    ...{ content: 'the secret content', mentioned_user_ids: recipients },
  });
  const names = recipients.map((id) => `${event.eventId}/${id}/email`);
  return { event, recipients, names };
}

/** One whose mail server does this, and whose run is over. */
async function ended(fault: NonNullable<Parameters<SmtpLab['misbehave']>[0]>) {
  const made = await mention();
  lab.misbehave(fault);
  await (await nova.start('notificationWorkflow', made.event)).result();
  lab.misbehave();
  return made;
}
const lost = () => ended({ at: 'content', by: 'drop' });
const refused = () => ended({ at: 'rcpt', by: { reply: 550 } });

const stateOf = async (eventId: string, recipient: string) =>
  (await deliveriesOf(database.pool, eventId)).find(({ recipient_id }) => recipient_id === recipient);
const acceptedFor = (recipient: string) => lab.accepted.filter(({ to }) => to === addressOf(recipient)).length;
const replayOf = (eventId: string, number = 1) => nova.client.workflow.getHandle(`${eventId}/replay-${number}`);

describe('a delivery whose reply was lost', () => {
  it('is listed, and sent again when a person says so: once', async () => {
    const { event, recipients, names } = await lost();
    const first = recipients[0]!;
    const [line] = JSON.parse((await deliveries('list', '--json')).stdout) as object[];
    expect(line).toMatchObject({ delivery: names[0], state: 'unknown', attempts: 1, kind: 'message.mention' });

    const asked = await deliveries('resend', '--all');
    expect(asked).toMatchObject({ code: 1, stdout: expect.stringMatching(/nothing is done.*--yes/) as string });
    expect(await stateOf(event.eventId, first)).toMatchObject({ state: 'unknown' });

    const done = await deliveries('resend', '--all', '--yes', '--reason', 'not in the log of the mail server');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('sent again: 1') as string });
    await replayOf(event.eventId).result();
    expect(await stateOf(event.eventId, first)).toMatchObject({ state: 'sent', attempts: 2 });
    expect(acceptedFor(first)).toBe(1);
    const { rows } = await database.pool.query(
      'SELECT number, reason, requested_by FROM event_replays WHERE event_id = $1',
      [event.eventId],
    );
    expect(rows).toEqual([{ number: 1, reason: 'not in the log of the mail server', requested_by: 'ada' }]);
    expect((await deliveries('list')).stdout).toBe('no delivery of unknown outcome\n');
  });

  it('is settled by what a person found out, without a message', async () => {
    const [arrived, gone] = [await lost(), await lost()];
    const as = (state: string, ...args: string[]) => deliveries('settle', '--as', state, '--yes', ...args);
    expect(await as('sent', arrived.names[0]!, '--reason', 'in the log')).toMatchObject({ code: 0 });
    expect(await as('failed', '--event', gone.event.eventId, '--json')).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify({ plan: gone.names, refused: [], done: gone.names })}\n`,
    });
    expect(await stateOf(arrived.event.eventId, arrived.recipients[0]!)).toMatchObject({
      state: 'sent',
      reason: expect.stringMatching(/^SETTLED by \S+: in the log$/) as string,
    });
    expect(await stateOf(gone.event.eventId, gone.recipients[0]!)).toMatchObject({ state: 'failed' });
    expect([...arrived.recipients, ...gone.recipients].map(acceptedFor)).toEqual([0, 0]);

    const again = await deliveries('resend', arrived.names[0]!, '--yes');
    expect(again).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('is left as it is: it is sent, not unknown or failed') as string,
    });
    expect(await as('sent', gone.names[0]!)).toMatchObject({ code: 1 });
    expect(await stateOf(gone.event.eventId, gone.recipients[0]!)).toMatchObject({ state: 'failed' });
  });
});

describe('a delivery that failed', () => {
  it('is sent again, unless its person does not want it any more', async () => {
    const { event, recipients, names } = await refused();
    const off = await refused();
    await database.pool.query(`INSERT INTO notification_preferences VALUES ($1, 'message.mention', 'email', false)`, [
      off.recipients[0],
    ]);
    const done = await deliveries('resend', names[0]!, off.names[0]!, '--yes', '--json');
    expect(done.code).toBe(0);
    expect((JSON.parse(done.stdout) as { done: string[] }).done.sort()).toEqual([names[0], off.names[0]].sort());
    await Promise.all([event, off.event].map(({ eventId }) => replayOf(eventId).result()));
    expect(await stateOf(event.eventId, recipients[0]!)).toMatchObject({ state: 'sent' });
    expect(await stateOf(off.event.eventId, off.recipients[0]!)).toMatchObject({
      state: 'skipped',
      reason: 'SWITCHED_OFF',
    });
    expect([recipients[0]!, off.recipients[0]!].map(acceptedFor)).toEqual([1, 0]);
    // A third try is one more run.
    expect((await deliveries('list', '--event', event.eventId, '--state', 'sent')).stdout).toContain(names[0]);
  });

  it('is left to its run while that is open', async () => {
    const { event, recipients, names } = await mention(2);
    lab.misbehave({ at: 'rcpt', by: { reply: 550 } });
    await (await nova.start('notificationWorkflow', event)).result();
    lab.misbehave();
    // A replay of it that waits for the mail server.
    await lab.down();
    expect(await deliveries('resend', names[1]!, '--yes')).toMatchObject({ code: 0 });
    const replay = replayOf(event.eventId);
    await waitFor(async () =>
      (await pendingActivities(nova.client, `${event.eventId}/replay-1`)).some(({ type }) => type === 'notifyDeliver'),
    );
    const second = await deliveries('resend', names[0]!, '--yes');
    expect(second).toMatchObject({ code: 1, stdout: expect.stringContaining('/replay-1 is open') as string });
    expect(await stateOf(event.eventId, recipients[0]!)).toMatchObject({ state: 'failed' });
    await lab.up();
    await replay.result();
  });
});

it('is an act of the one who decided, with the names of the deliveries', async () => {
  const { rows } = await database.pool.query<{ command: string; same: boolean }>(
    `SELECT DISTINCT command, done = cardinality(ids) AND ids[1] LIKE '%/email' AS same FROM operator_acts ORDER BY command`,
  );
  expect(rows).toEqual([
    { command: 'deliveries resend', same: true },
    { command: 'deliveries settle', same: true },
  ]);
});

it('says what a wrong request should have been', async () => {
  const wrong = async (...args: string[]) => (await deliveries(...args)).stderr;
  expect(await wrong('resend', 'nonsense', '--yes')).toMatch(/nonsense names no delivery: <event id>\/<recipient id>/);
  expect(await wrong('resend', '--yes')).toMatch(/which deliveries\?/);
  expect(await wrong('settle', '--all', '--as', 'done')).toMatch(/--as done: sent or failed/);
  expect(await wrong('list', '--state', 'failed')).toMatch(/needs --event/);
  expect(await wrong('list', '--event', newId(), '--state', 'failled')).toMatch(/did you mean "?failed/i);
  const absent = await deliveries('settle', `${newId()}/${newId()}/email`, '--as', 'sent', '--yes');
  expect(absent).toMatchObject({ code: 1, stdout: expect.stringContaining('there is none of this name') as string });
});

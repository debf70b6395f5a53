import { createServer } from 'node:net';
import { SmtpChannel, type SmtpTimeouts } from '../../../../activities/notify/smtp-channel';
import { type SendOutcome } from '../../../../activities/notify/channel';
import { type LabFault, type LabStage, type SmtpLab, patientSmtp, startSmtpLab } from '../../../support/smtp-lab';
import { waitFor } from '../../../support/wait-for';

/** For the cases of silence, which these limits end. A machine that stands still may cross them elsewhere, too. */
const impatient = { connectMs: 2_500, greetingMs: 2_500, silenceMs: 2_500, totalMs: 10_000 };
const delivery = {
  deliveryId: '11111111-1111-4111-8111-111111111111.22222222-2222-4222-8222-222222222222',
  address: 'bob@example.com',
  subject: 'You have a new follower',
  text: 'Ada follows you now.\n',
};

let lab: SmtpLab;
let channel: SmtpChannel;

beforeEach(async () => {
  lab = await startSmtpLab();
  channel = channelWith(patientSmtp);
});

afterEach(async () => {
  channel.close();
  await lab.stop();
});

const channelWith = (timeouts: SmtpTimeouts) =>
  new SmtpChannel({ url: lab.url, from: 'Nova <no-reply@nova.example>', connections: 2, timeouts });

describe('one try by SMTP', () => {
  it('is accepted with a Message-ID that is the same for every try of the delivery', async () => {
    const messageId = `<${delivery.deliveryId}@nova.example>`;
    expect(await channel.send(delivery)).toEqual({ kind: 'accepted', providerId: messageId });
    expect(lab.accepted).toMatchObject([{ to: delivery.address, messageId, subject: delivery.subject }]);
    expect(lab.accepted[0]?.raw).toContain('Ada follows you now.');
  });

  it('writes to exactly one person, even if the address pretends to be a list', async () => {
    await channel.send({ ...delivery, address: 'bob@example.com, eve@example.com' });
    expect(lab.accepted.map(({ to }) => to)).not.toContain('eve@example.com');
  });

  const rows: [at: LabStage, by: LabFault, expected: Partial<SendOutcome>][] = [
    ['connect', { reply: 421 }, { kind: 'not_sent', scope: 'channel' }],
    ['connect', { reply: 554 }, { kind: 'not_sent', scope: 'channel' }],
    ['connect', 'drop', { kind: 'not_sent', scope: 'channel' }],
    ['connect', 'silence', { kind: 'not_sent', scope: 'channel' }],
    ['mail', { reply: 451 }, { kind: 'not_sent', scope: 'channel', reason: 'SMTP_MAIL_451' }],
    ['mail', { reply: 550 }, { kind: 'not_sent', scope: 'channel', reason: 'SMTP_MAIL_550' }],
    ['mail', 'drop', { kind: 'not_sent', scope: 'channel' }],
    ['rcpt', { reply: 450 }, { kind: 'not_sent', scope: 'delivery', reason: 'SMTP_RCPT_450' }],
    ['rcpt', { reply: 550 }, { kind: 'refused', reason: 'SMTP_RCPT_550' }],
    ['rcpt', 'drop', { kind: 'not_sent', scope: 'channel' }],
    ['rcpt', 'silence', { kind: 'not_sent', scope: 'channel' }],
    ['content', { reply: 451 }, { kind: 'not_sent', scope: 'delivery', reason: 'SMTP_DATA_451' }],
    ['content', { reply: 421 }, { kind: 'not_sent', scope: 'channel' }],
    ['content', { reply: 554 }, { kind: 'refused', reason: 'SMTP_DATA_554' }],
    ['content', 'drop', { kind: 'unknown', reason: 'SMTP_DATA' }],
    ['content', 'silence', { kind: 'unknown', reason: 'SMTP_DATA' }],
  ];

  it.each(rows)('that meets %s %j ends as %j', async (at, by, expected) => {
    if (by === 'silence') {
      channel.close();
      channel = channelWith(impatient);
    }
    lab.misbehave({ at, by });
    // A try whose limit was crossed before it came so far says nothing about the fault.
    const outcome = await waitFor(async () => {
      const tried = await channel.send(delivery);
      return lab.misbehaved > 0 ? tried : undefined;
    });
    expect(outcome).toMatchObject(expected);
    expect(lab.accepted).toHaveLength(0);
    lab.misbehave();
    // The pool is usable afterwards, and has not kept the message for a try of its own.
    const next = { ...delivery, deliveryId: 'next', address: 'eve@example.com' };
    await waitFor(async () => (await channel.send(next)).kind === 'accepted');
    expect(new Set(lab.accepted.map(({ to }) => to))).toEqual(new Set(['eve@example.com']));
    // Once each, but where the limits are ones that a slow machine may cross.
    const counts = by === 'silence' ? [1, 1] : [lab.misbehaved, lab.accepted.length];
    expect(counts).toEqual([1, 1]);
  });

  it('on a connection that was used before is judged by the same rules', async () => {
    expect(await channel.send(delivery)).toMatchObject({ kind: 'accepted' });
    lab.misbehave({ at: 'content', by: 'drop' });
    expect(await channel.send(delivery)).toEqual({ kind: 'unknown', reason: 'SMTP_DATA' });
    expect(lab.received).toHaveLength(2);
  });

  it('is not sent when no server listens, and says which and how', async () => {
    await lab.down();
    const { host } = new URL(lab.url);
    expect(await channel.send(delivery)).toEqual({
      ...{ kind: 'not_sent', scope: 'channel', reason: 'SMTP_CONNECT' },
      detail: expect.stringMatching(new RegExp(`^${host}: .*ECONNREFUSED`)) as string,
    });
  });

  it('is not sent when the server accepts the connection and never greets', async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as { port: number };
    const other = new SmtpChannel({
      url: `smtp://127.0.0.1:${port}`,
      from: 'a@b.example',
      connections: 1,
      timeouts: impatient,
    });
    expect(await other.send(delivery)).toMatchObject({
      ...{ kind: 'not_sent', scope: 'channel' },
      // Unlike a server that refuses.
      detail: expect.stringMatching(new RegExp(`^127.0.0.1:${port}: (?!.*ECONNREFUSED)`)) as string,
    });
    other.close();
    mute.close();
  });

  it('is refused without asking a server when the address is none', async () => {
    expect(await channel.send({ ...delivery, address: 'not an address' })).toMatchObject({ kind: 'refused' });
    expect(lab.received).toHaveLength(0);
  });
});

import { Writable } from 'node:stream';
import { pino } from 'pino';
import { SmtpChannel } from '../../../../activities/notify/smtp-channel';
import { NotificationPreferences } from '../../../../client/preferences';
import { PgTombstones } from '../../../../activities/stores/pg-tombstones';
import { createNotifyActivities } from '../../../../activities/notify/notify-activities';
import { type DeliveryChannel, type SendOutcome } from '../../../../activities/notify/channel';
import { PgUserDirectory } from '../../../../activities/notify/pg-user-directory';
import { type EventRef } from '../../../../contracts/event-ref';
import { NovaError } from '../../../../contracts/failures';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { inActivity } from '../../../support/activity-context';
import { insertEvent, newId } from '../../../support/events';
import { addressOf, deliveriesOf, insertUser, notifyDeps } from '../../../support/notify';
import { override } from '../../../support/override';
import { type SmtpLab, patientSmtp, startSmtpLab } from '../../../support/smtp-lab';
import { waitFor } from '../../../support/wait-for';

let database: TestDatabase;
let lab: SmtpLab;
let smtp: SmtpChannel;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  lab = await startSmtpLab();
  const from = 'Nova <no-reply@nova.example>';
  smtp = new SmtpChannel({ url: lab.url, from, connections: 5, timeouts: patientSmtp });
});
afterEach(async () => {
  smtp.close();
  await lab.stop();
});

type Options = NonNullable<Parameters<typeof notifyDeps>[1]>;
const deliver = (event: EventRef, options: Options = {}, cancel?: AbortSignal) => {
  const activities = createNotifyActivities(notifyDeps(database.pool, { email: smtp, ...options }));
  return inActivity(() => activities.notifyDeliver(event, 'email'), cancel === undefined ? {} : { cancel });
};

/** A message that mentions as many users, each with an address; their e-mails are pending. */
async function mention(count: number) {
  const users = await Promise.all(Array.from({ length: count }, () => insertUser(database.pool)));
  const [sender, messageId] = [await insertUser(database.pool), newId()];
  const event = await insertEvent(database.pool, 'message.persisted', {
    message_id: messageId,
    conversation_id: newId(),
    sender_id: sender,
    content: 'the secret content',
    mentioned_user_ids: users,
  });
  await inActivity(() => createNotifyActivities(notifyDeps(database.pool, { email: smtp })).notifyInApp(event, null));
  return { event, users, sender, messageId };
}
const states = async (event: EventRef) => (await deliveriesOf(database.pool, event.eventId)).map(({ state }) => state);

/** A channel that does as scripted with each delivery. */
function scripted(
  send: (recipientAddress: string) => Promise<SendOutcome>,
): DeliveryChannel & { readonly sent: string[] } {
  const sent: string[] = [];
  return {
    name: 'email',
    sent,
    destinations: ({ email }) => (email === undefined ? [] : [email]),
    compose: () => ({ subject: '', text: '' }),
    send: ({ address }) => {
      sent.push(address);
      return send(address);
    },
  };
}

describe('delivery by e-mail', () => {
  it('is not made while the post it is about is archived, whatever the sequences of its service', async () => {
    const [user, postId] = [await insertUser(database.pool), newId()];
    const archived = { subjectType: 'post', subjectId: postId, final: false, reason: 'post archived' } as const;
    await new PgTombstones(database.pool).set({ ...archived, sequence: 1 });
    const comment = async () => {
      const event = await insertEvent(database.pool, 'comment.created', {
        ...{ comment_id: newId(), post_id: postId, post_owner_id: newId(), user_id: newId() },
        mentioned_user_ids: [user],
      });
      const activities = createNotifyActivities(notifyDeps(database.pool, { email: smtp }));
      expect(await inActivity(() => activities.notifyInApp(event, null))).toMatchObject({ created: 2, stopped: false });
      return event;
    };
    expect(await deliver(await comment())).toMatchObject({ sent: 0, pending: 0 });
    await database.pool.query(
      `INSERT INTO post_states (post_id, author_id, status, score_ms, sequence) VALUES ($1, $2, 'published', 0, 2)`,
      [postId, newId()],
    );
    expect(await deliver(await comment())).toMatchObject({ sent: 1, pending: 0 });
    expect(lab.accepted.map(({ to }) => to)).toEqual([addressOf(user)]);
  });

  it('writes to each recipient once, without anything of the content', async () => {
    const { event, users } = await mention(8);
    expect(await deliver(event)).toMatchObject({ sent: 8, pending: 0, claimed: 0 });
    expect(lab.accepted.map(({ to }) => to).sort()).toEqual(users.map(addressOf).sort());
    expect(lab.accepted.map(({ raw }) => raw).join()).not.toContain('secret');
    // Replays find nothing to do.
    expect(await deliver(event)).toMatchObject({ sent: 8 });
    expect(lab.received).toHaveLength(8);
  });

  it('twice at the same time writes to each recipient once', async () => {
    const { event } = await mention(20);
    await Promise.all([deliver(event), deliver(event)].map((attempt) => attempt.catch(() => undefined)));
    await deliver(event);
    const messageIds = lab.received.map(({ messageId }) => messageId);
    expect([messageIds.length, new Set(messageIds).size]).toEqual([20, 20]);
    expect(new Set(await states(event))).toEqual(new Set(['sent']));
  });

  it('waits while the server is down, then sends exactly once', async () => {
    const { event } = await mention(3);
    await lab.down();
    await expect(deliver(event)).rejects.toMatchObject({ type: 'CHANNEL_UNAVAILABLE', nonRetryable: false });
    expect(new Set(await states(event))).toEqual(new Set(['pending']));
    await lab.up();
    expect(await deliver(event)).toMatchObject({ sent: 3 });
    expect(lab.received).toHaveLength(3);
  });

  it('does not hammer a server that is down: one try per sender', async () => {
    const { event } = await mention(30);
    const detail = 'mail.example:587: connect ECONNREFUSED';
    const down = scripted(() =>
      Promise.resolve({ kind: 'not_sent', reason: 'SMTP_CONNECT', scope: 'channel', detail }),
    );
    await expect(deliver(event, { email: down })).rejects.toMatchObject({
      type: 'CHANNEL_UNAVAILABLE',
      message: `CHANNEL_UNAVAILABLE: 30 deliveries by email wait: SMTP_CONNECT: ${detail}`,
    });
    expect(down.sent.length).toBeLessThanOrEqual(5);
  });

  it('lets one busy mailbox wait while the others get theirs, and says to Temporal when to come back', async () => {
    const { event, users } = await mention(4);
    const busy = addressOf(users[0] ?? '');
    const channel = scripted((address) =>
      Promise.resolve(
        address === busy
          ? { kind: 'not_sent', reason: 'BUSY', scope: 'delivery', retryAfterMs: 7_000 }
          : { kind: 'accepted' },
      ),
    );
    await expect(deliver(event, { email: channel })).rejects.toMatchObject({
      type: 'CHANNEL_UNAVAILABLE',
      nextRetryDelay: 7_000,
    });
    expect(channel.sent).toHaveLength(4);
    expect(await deliver(event)).toMatchObject({ sent: 4 });
    expect(lab.accepted.map(({ to }) => to)).toEqual([busy]);
  });

  it('is over for a recipient whom the server refuses, and the workflow does not fail for it', async () => {
    const { event, users } = await mention(2);
    lab.misbehave({ at: 'rcpt', by: { reply: 550 }, forAddress: addressOf(users[0] ?? '') });
    expect(await deliver(event)).toMatchObject({ sent: 1, failed: 1 });
    const rows = await deliveriesOf(database.pool, event.eventId);
    expect(rows.find(({ recipient_id }) => recipient_id === users[0])).toMatchObject({ reason: 'SMTP_RCPT_550' });
  });

  it('whose reply was lost is unknown, counted, and never repeated', async () => {
    const { event } = await mention(1);
    lab.misbehave({ at: 'content', by: 'drop' });
    expect(await deliver(event)).toMatchObject({ unknown: 1, sent: 0 });
    lab.misbehave();
    expect(await deliver(event)).toMatchObject({ unknown: 1, sent: 0 });
    expect(lab.received).toHaveLength(1);
  });

  it('is claimed before it is sent: a sender that dies in between leaves unknown, never a second e-mail', async () => {
    const { event } = await mention(1);
    let die: (error: Error) => void = () => undefined;
    const dying = scripted(() => new Promise((_, reject) => (die = reject)));
    const dead = deliver(event, { email: dying });
    await waitFor(async () => (await states(event))[0] === 'claimed' && dying.sent.length === 1);
    // Within the lease the holder may still be sending: no process judges it, none repeats it.
    const long = { limits: { claimLeaseMs: 3_600_000 } };
    await expect(deliver(event, long)).rejects.toMatchObject({ type: 'DELIVERY_IN_FLIGHT' });
    expect(await states(event)).toEqual(['claimed']);
    expect(await deliver(event, { limits: { claimLeaseMs: 0 } })).toMatchObject({ unknown: 1, sent: 0 });
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([
      { state: 'unknown', reason: 'SENDER_DIED', attempts: 1 },
    ]);
    expect(lab.received).toHaveLength(0);
    die(new Error('the process is gone'));
    await expect(dead).rejects.toThrow('gone');
    expect(await states(event)).toEqual(['unknown']);
  });

  /** A delivery whose provider has it and replies only when asked to. */
  async function beingSent() {
    const { event } = await mention(1);
    let answer: (outcome: SendOutcome) => void = () => undefined;
    const slow = scripted(() => new Promise((resolve) => (answer = resolve)));
    const first = deliver(event, { email: slow });
    await waitFor(() => slow.sent.length === 1);
    return { event, first, accept: () => answer({ kind: 'accepted' }) };
  }

  it('held by another attempt is looked at again when that one’s lease ends, not a whole lease later', async () => {
    const { event, first, accept } = await beingSent();
    const minute = 60_000;
    const since = performance.now();
    await database.pool.query(
      `UPDATE notification_deliveries SET claimed_at = clock_timestamp() - interval '40 minutes' WHERE event_id = $1`,
      [event.eventId],
    );
    const limits = { claimLeaseMs: 60 * minute };
    const thrown: unknown = await deliver(event, { limits }).catch((error: unknown) => error);
    const passedMs = performance.now() - since;
    accept();
    await first;
    expect(thrown).toMatchObject({ type: 'DELIVERY_IN_FLIGHT' });
    const { nextRetryDelay } = thrown as { nextRetryDelay: number };
    expect(nextRetryDelay).toBeGreaterThanOrEqual(20 * minute - passedMs);
    expect(nextRetryDelay).toBeLessThanOrEqual(20 * minute);
  });

  it('that was given up too early is corrected by its late answer', async () => {
    const { event, first, accept } = await beingSent();
    expect(await deliver(event, { limits: { claimLeaseMs: 0 } })).toMatchObject({ unknown: 1 });
    accept();
    expect(await first).toMatchObject({ sent: 1, unknown: 0 });
  });

  it('survives a channel that throws: the claim is not repeated', async () => {
    const { event } = await mention(1);
    const broken = scripted(() => Promise.reject(new Error('bug')));
    await expect(deliver(event, { email: broken })).rejects.toThrow('bug');
    expect(await deliver(event, { limits: { claimLeaseMs: 0 } })).toMatchObject({ unknown: 1 });
    expect(lab.received).toHaveLength(0);
  });

  it('gives back what failed between the claim and the send: it was surely not sent, so the next attempt sends it', async () => {
    const { event } = await mention(1);
    const away = override(new PgUserDirectory(database.pool), {
      contactOf: () => Promise.reject(new NovaError('DATABASE_UNAVAILABLE', 'lost right then')),
    });
    await expect(deliver(event, { users: away })).rejects.toMatchObject({ type: 'DATABASE_UNAVAILABLE' });
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([
      { state: 'pending', reason: 'DATABASE_UNAVAILABLE' },
    ]);
    expect(await deliver(event)).toMatchObject({ sent: 1, unknown: 0 });
    expect(lab.received).toHaveLength(1);
  });

  it('looks at the tombstones between the claim and the send', async () => {
    const { event, messageId } = await mention(2);
    await new PgTombstones(database.pool).set({
      subjectType: 'message',
      subjectId: messageId,
      sequence: 1,
      final: true,
      reason: 'test',
    });
    expect(await deliver(event)).toMatchObject({ skipped: 2, sent: 0 });
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([
      { reason: 'RETRACTED' },
      { reason: 'RETRACTED' },
    ]);
    expect(lab.received).toHaveLength(0);
  });

  it('does not speak for, or to, people who were hidden meanwhile', async () => {
    const { event, users, sender } = await mention(2);
    await database.pool.query(`UPDATE user_profiles SET state = 'hidden' WHERE user_id = $1`, [users[0]]);
    expect(await deliver(event, {})).toMatchObject({ sent: 1, skipped: 1 });
    const other = await mention(1);
    await database.pool.query(`UPDATE user_profiles SET state = 'hidden' WHERE user_id = ANY($1)`, [
      [sender, other.sender],
    ]);
    expect(await deliver(other.event)).toMatchObject({ skipped: 1 });
  });

  it('is skipped where there is no address', async () => {
    const { event, users } = await mention(1);
    await database.pool.query(`UPDATE user_profiles SET email = NULL WHERE user_id = $1`, [users[0]]);
    expect(await deliver(event)).toMatchObject({ skipped: 1 });
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([{ reason: 'NO_ADDRESS' }]);
  });

  it('ends what is pending when the channel was switched off since', async () => {
    const { event } = await mention(2);
    expect(await deliver(event, { channels: new Map() })).toMatchObject({ skipped: 2, pending: 0 });
  });

  it('reaches a person who has switched the inbox off', async () => {
    const [bob, alertId] = [await insertUser(database.pool), newId()];
    await new NotificationPreferences(database.pool).set(bob, 'post.mention', 'in_app', false);
    const event = await insertEvent(database.pool, 'content.post.created', {
      post_id: alertId,
      user_id: newId(),
      mentioned_user_ids: [bob],
    });
    await inActivity(() => createNotifyActivities(notifyDeps(database.pool, { email: smtp })).notifyInApp(event, null));
    expect(await deliver(event)).toMatchObject({ sent: 1 });
  });

  it('stops between sends when it is cancelled, and leaves the rest pending', async () => {
    const { event } = await mention(20);
    const cancellation = new AbortController();
    const channel = scripted(() => {
      cancellation.abort();
      return Promise.resolve({ kind: 'accepted' });
    });
    await expect(deliver(event, { email: channel }, cancellation.signal)).rejects.toThrow('cancelled');
    const seen = await states(event);
    expect(seen.filter((state) => state === 'claimed')).toHaveLength(0);
    expect(seen.filter((state) => state === 'pending').length).toBeGreaterThanOrEqual(15);
  });

  it('writes no address into any log line', async () => {
    const lines: string[] = [];
    const sink = new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) });
    const { event, users } = await mention(3);
    lab.misbehave({ at: 'rcpt', by: { reply: 550 } });
    await deliver(event, { logger: pino({ level: 'trace' }, sink) });
    expect(lines).toHaveLength(3);
    expect(lines.join()).toContain('SMTP_RCPT_550');
    for (const user of users) expect(lines.join()).not.toContain(addressOf(user));
    expect(lines.join()).not.toContain('@');
  });
});

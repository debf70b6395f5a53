import { SmtpChannel } from '../../../activities/notify/smtp-channel';
import { Inbox } from '../../../client/inbox';
import { PgTombstones } from '../../../activities/stores/pg-tombstones';
import { type IdentityDeps } from '../../../activities/identity/identity-activities';
import { signals } from '../../../contracts/signals';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { addressOf, deliveriesOf, insertUser, notificationsOf, notifyDeps } from '../../support/notify';
import { historyText, pendingActivities, startNotifyWorkers } from '../../support/notify-worker';
import { override } from '../../support/override';
import { type SmtpLab, patientSmtp, startSmtpLab } from '../../support/smtp-lab';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let lab: SmtpLab;
let smtp: SmtpChannel;
let nova: Awaited<ReturnType<typeof startNotifyWorkers>>;
/** Read at each call of an activity. */
const limits = { pageSize: 50, ownerPatienceMs: 3_600_000 };
/** How long Temporal waits after a try that the mail server kept from being made; undefined: as it likes. */
let retryAfterMs: number | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  lab = await startSmtpLab();
  smtp = new SmtpChannel({
    ...{ url: lab.url, from: 'Nova <no-reply@nova.example>', connections: 2 },
    timeouts: patientSmtp,
  });
  const email = override(smtp, {
    send: async (message) => {
      const outcome = await smtp.send(message);
      return outcome.kind === 'not_sent' && retryAfterMs !== undefined ? { ...outcome, retryAfterMs } : outcome;
    },
  });
  const deps = notifyDeps(database.pool, { email, limits });
  nova = await startNotifyWorkers(deps, {} as IdentityDeps);
});
afterAll(async () => {
  await nova.stop();
  smtp.close();
  await lab.stop();
  await database.drop();
});
afterEach(async () => {
  retryAfterMs = undefined;
  await lab.up();
});

async function mention() {
  const [bob, messageId] = [await insertUser(database.pool), newId()];
  const event = await insertEvent(database.pool, 'message.persisted', {
    message_id: messageId,
    conversation_id: newId(),
    sender_id: await insertUser(database.pool),
    content: 'the secret content',
    mentioned_user_ids: [bob],
  });
  return { event, bob, messageId };
}
/** How often the workflow has begun to wait for the e-mail. */
const waitsBegun = async (workflowId: string): Promise<number> =>
  ((await nova.client.workflow.getHandle(workflowId).fetchHistory()).events ?? []).filter(
    (entry) => entry.activityTaskScheduledEventAttributes?.activityType?.name === 'notifyDeliver',
  ).length;
const isWaitingForMail = (workflowId: string) => async () =>
  (await pendingActivities(nova.client, workflowId)).some(
    ({ type, failure }) => type === 'notifyDeliver' && failure === 'CHANNEL_UNAVAILABLE',
  );

describe('the notification workflow', () => {
  it('notifies a user of a security alert in the app and by e-mail, whatever they switched off', async () => {
    const bob = await insertUser(database.pool);
    await database.pool.query(
      `INSERT INTO notification_preferences SELECT $1, 'security.alert', c, false FROM unnest(ARRAY['in_app', 'email']) c`,
      [bob],
    );
    const event = await insertEvent(database.pool, 'security.alert.raised', {
      alert_id: newId(),
      user_id: bob,
      kind: 'new_login',
    });
    const run = await nova.start('notificationWorkflow', event);
    expect(await run.result()).toEqual({ outcome: 'done', counts: { notified: 1, emailed: 1, undelivered: 0 } });
    expect(await new Inbox(database.pool).unreadCount(bob)).toBe(1);
    expect(lab.accepted.at(-1)).toMatchObject({ to: addressOf(bob), subject: 'Security alert for your account' });
    expect(nova.emitted).toContain(event.eventId);
  });

  it('schedules no regular activity where the inbox is all there is to do', async () => {
    const bob = newId();
    const event = await insertEvent(database.pool, 'follow.added', { follower_id: newId(), followee_id: bob });
    const run = await nova.start('notificationWorkflow', event);
    expect(await run.result()).toMatchObject({ counts: { notified: 1 } });
    const history = await nova.client.workflow.getHandle(event.eventId).fetchHistory();
    expect((history.events ?? []).filter((entry) => entry.activityTaskScheduledEventAttributes)).toHaveLength(0);
  });

  it('delays only the e-mail while the mail server is down, and sends it once', async () => {
    await lab.down();
    const { event, bob } = await mention();
    const run = await nova.start('notificationWorkflow', event);
    await waitFor(isWaitingForMail(event.eventId), { what: 'the e-mail waiting visibly' });
    expect(await new Inbox(database.pool).unreadCount(bob)).toBe(1);
    await waitFor(() => nova.emitted.includes(event.eventId), { what: 'the emit' });
    await lab.up();
    expect(await run.result()).toMatchObject({ outcome: 'done', counts: { emailed: 1 } });
    expect(lab.received.filter(({ to }) => to === addressOf(bob))).toHaveLength(1);
  });

  it('sends no e-mail of a message that is deleted while the mail server is down, and ends at the signal', async () => {
    await lab.down();
    // Only a signal ends a wait: a try in between would find the tombstone without it.
    retryAfterMs = 3_600_000;
    const { event, bob, messageId } = await mention();
    const run = await nova.start('notificationWorkflow', event);
    await waitFor(isWaitingForMail(event.eventId));
    // Another message of the conversation: this one goes on waiting.
    const signal = { aggregateType: 'conversation', aggregateId: event.aggregateId, reason: 'test' };
    await run.signal(signals.deleted, signal);
    await waitFor(async () => (await waitsBegun(event.eventId)) === 2 && (await isWaitingForMail(event.eventId)()));
    await new PgTombstones(database.pool).set({
      subjectType: 'message',
      subjectId: messageId,
      sequence: 1,
      final: true,
      reason: 'test',
    });
    await run.signal(signals.deleted, signal);
    expect(await run.result()).toMatchObject({ counts: { emailed: 0 } });
    expect(await waitsBegun(event.eventId)).toBe(3);
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([{ state: 'skipped', reason: 'RETRACTED' }]);
    expect(lab.received.filter(({ to }) => to === addressOf(bob))).toHaveLength(0);
  });

  it('ends as stopped when the delete came first', async () => {
    const { event, messageId } = await mention();
    await new PgTombstones(database.pool).set({
      subjectType: 'message',
      subjectId: messageId,
      sequence: 1,
      final: true,
      reason: 'test',
    });
    const run = await nova.start('notificationWorkflow', event);
    expect(await run.result()).toEqual({ outcome: 'stopped', counts: { notified: 0, emailed: 0, undelivered: 0 } });
    expect(await notificationsOf(database.pool, event.eventId)).toMatchObject([{ retracted: true }]);
  });

  it('waits for an unknown owner without delaying Kafka, then ends as skipped, not as failed', async () => {
    const reaction = { target_id: newId(), target_type: 'message', user_id: newId(), emoji: '👍' } as const;
    const event = await insertEvent(database.pool, 'reaction.added', reaction);
    // The messages of the other tests are long over.
    await database.pool.query(`UPDATE outbox_events SET emitted_at = now() - interval '1 hour' WHERE id <> $1`, [
      event.eventId,
    ]);
    const run = await nova.start('notificationWorkflow', event);
    await waitFor(async () =>
      (await pendingActivities(nova.client, event.eventId)).some(({ failure }) => failure === 'TARGET_NOT_KNOWN_YET'),
    );
    await waitFor(() => nova.emitted.includes(event.eventId), { what: 'the emit' });
    limits.ownerPatienceMs = 0;
    expect(await run.result()).toMatchObject({ outcome: 'skipped', counts: { notified: 0 } });
    const { searchAttributes } = await run.describe();
    expect(searchAttributes['Outcome']).toEqual(['skipped']);
  });

  it('notifies a large audience by four quick pages and one long activity, each follower once', async () => {
    const streamer = newId();
    await database.pool.query(
      `INSERT INTO follows (followee_id, follower_id) SELECT $1, gen_random_uuid() FROM generate_series(1, 420)`,
      [streamer],
    );
    const event = await insertEvent(database.pool, 'live.stream.started', { stream_id: newId(), user_id: streamer });
    const run = await nova.start('notificationWorkflow', event);
    expect(await run.result()).toMatchObject({ counts: { notified: 420 } });
    expect(await notificationsOf(database.pool, event.eventId)).toHaveLength(420);
    expect(await historyText(nova.client, event.eventId)).toContain('notifyPages');
  });

  it('leaves neither address nor content in the history', async () => {
    lab.misbehave({ at: 'rcpt', by: { reply: 550 } });
    const refused = await mention();
    await (await nova.start('notificationWorkflow', refused.event)).result();
    lab.misbehave();
    await lab.down();
    const delayed = await mention();
    const run = await nova.start('notificationWorkflow', delayed.event);
    await waitFor(isWaitingForMail(delayed.event.eventId));
    await lab.up();
    await run.result();
    for (const { event, bob } of [refused, delayed]) {
      const text = await historyText(nova.client, event.eventId);
      expect(text).toContain(event.eventId);
      for (const secret of [addressOf(bob), '@people.example', 'secret']) expect(text).not.toContain(secret);
    }
  });
});

import { PgAuditSignals } from '../../../activities/audit/pg-audit-signals';
import { Inbox } from '../../../client/inbox';
import { PgTombstones } from '../../../activities/stores/pg-tombstones';
import { type IdentityDeps } from '../../../activities/identity/identity-activities';
import { type DeliveryChannel, type SendOutcome } from '../../../activities/notify/channel';
import { signalDeleted } from '../../../client/signal-deleted';
import { insertEvent, newId } from '../../support/events';
import { type FeedWorkers, startFeedWorkers } from '../../support/feed-workers';
import { deliveriesOf, insertUser, notifyDeps } from '../../support/notify';
import { pendingActivities, startNotifyWorkers } from '../../support/notify-worker';
import { waitFor } from '../../support/wait-for';

let all: FeedWorkers;
let nova: Awaited<ReturnType<typeof startNotifyWorkers>>;
let outcome: SendOutcome;
const sent: string[] = [];
const channel: DeliveryChannel = {
  name: 'email',
  destinations: ({ email }) => (email === undefined ? [] : [email]),
  compose: () => ({ subject: '', text: '' }),
  send: ({ address }) => {
    if (outcome.kind === 'accepted') sent.push(address);
    return Promise.resolve(outcome);
  },
};
const pool = () => all.feed.database.pool;

beforeAll(async () => {
  all = await startFeedWorkers();
  nova = await startNotifyWorkers(notifyDeps(pool(), { email: channel }), {} as IdentityDeps);
});
beforeEach(() => void (outcome = { kind: 'accepted' }));
afterAll(async () => {
  await nova.stop();
  await all.close();
});

const signal = (deleted: Parameters<typeof signalDeleted>[1]) =>
  signalDeleted({ pool: pool(), workflows: all.client.workflow }, deleted);
const isHeld = (workflowId: string) => async () =>
  (await pendingActivities(all.client, workflowId)).some(({ failure }) => failure === 'DELETE_SIGNALLED');
/** As if the hold had begun so long ago that it ends now. */
const endHold = (subjectId: string) =>
  pool().query(`UPDATE tombstones SET held_until = now() WHERE subject_id = $1`, [subjectId]);

async function published() {
  const [author, follower, postId] = [newId(), newId(), newId()];
  await all.feed.follow(author, follower);
  const write = () => insertEvent(pool(), 'content.post.created', { post_id: postId, user_id: author });
  return { author, follower, postId, write };
}

describe('a delete that was signalled and whose transaction rolled back', () => {
  it('holds a post back, which is in the feeds when the hold is over', async () => {
    const { follower, postId, write } = await published();
    await signal({ aggregateType: 'post', aggregateId: postId });
    const event = await write();
    const run = await all.start('feedFanoutWorkflow', event);
    await waitFor(isHeld(event.eventId), { what: 'the fan-out held back' });
    expect(await all.feed.feedOf(follower)).toEqual([]);
    await endHold(postId);
    expect(await run.result()).toMatchObject({ outcome: 'done', counts: { followers: 1 } });
    expect(await all.feed.feedOf(follower)).toEqual([postId]);
  });

  it('holds all of a user back, and no longer', async () => {
    const { author, follower, postId, write } = await published();
    await signal({ aggregateType: 'user', aggregateId: author, holdMs: 200 });
    const run = await all.start('feedFanoutWorkflow', await write());
    expect(await run.result()).toMatchObject({ outcome: 'done' });
    expect(await all.feed.feedOf(follower)).toEqual([postId]);
  });

  it('holds a notice back, which is in the inbox when the hold is over', async () => {
    const [bob, messageId] = [await insertUser(pool()), newId()];
    const event = await insertEvent(pool(), 'message.persisted', {
      ...{ message_id: messageId, conversation_id: newId() },
      ...{ sender_id: await insertUser(pool()), mentioned_user_ids: [bob] },
    });
    await signal({ aggregateType: 'message', aggregateId: event.aggregateId, subjectId: messageId });
    const run = await nova.start('notificationWorkflow', event);
    await waitFor(isHeld(event.eventId), { what: 'the notice held back' });
    expect(await new Inbox(pool()).unreadCount(bob)).toBe(0);
    await endHold(messageId);
    await run.result();
    expect(await new Inbox(pool()).unreadCount(bob)).toBe(1);
  });

  it('delays an e-mail, which is sent when the hold is over', async () => {
    const [bob, messageId] = [await insertUser(pool()), newId()];
    outcome = { kind: 'not_sent', reason: 'SMTP_CONNECT', scope: 'channel' };
    const event = await insertEvent(pool(), 'message.persisted', {
      ...{ message_id: messageId, conversation_id: newId() },
      ...{ sender_id: await insertUser(pool()), mentioned_user_ids: [bob] },
    });
    const run = await nova.start('notificationWorkflow', event);
    await waitFor(async () => (await deliveriesOf(pool(), event.eventId))[0]?.reason === 'SMTP_CONNECT');
    const deleted = { aggregateType: 'message', aggregateId: event.aggregateId, subjectId: messageId } as const;
    expect(await signal(deleted)).toEqual([event.eventId]);
    await waitFor(isHeld(event.eventId), { what: 'the e-mail held back' });
    // Not before: on a busy machine the next try could come ahead of the hold, and send.
    outcome = { kind: 'accepted' };
    expect(await deliveriesOf(pool(), event.eventId)).toMatchObject([{ state: 'pending', reason: 'DELETE_SIGNALLED' }]);
    await endHold(messageId);
    expect(await run.result()).toMatchObject({ counts: { emailed: 1 } });
    expect(await new Inbox(pool()).unreadCount(bob)).toBe(1);
  });

  it('leaves an archived post as it was: another event may publish it again', async () => {
    const { author, follower, postId, write } = await published();
    await all.run('feedFanoutWorkflow', await write());
    const status = (new_status: 'archived' | 'published') =>
      insertEvent(pool(), 'content.post.status_updated', { post_id: postId, user_id: author, new_status });
    await all.run('retractionWorkflow', await status('archived'));
    await signal({ aggregateType: 'post', aggregateId: postId });
    await endHold(postId);
    await all.run('feedFanoutWorkflow', await status('published'));
    expect(await all.feed.feedOf(follower)).toEqual([postId]);
  });
});

describe('a delete that was signalled and has come', () => {
  it('ends what was held back, and nothing of it went out', async () => {
    const { author, follower, postId, write } = await published();
    await signal({ aggregateType: 'post', aggregateId: postId });
    const event = await write();
    const run = await all.start('feedFanoutWorkflow', event);
    await waitFor(isHeld(event.eventId));
    const deleted = await insertEvent(pool(), 'content.post.deleted', { post_id: postId, user_id: author });
    await all.run('retractionWorkflow', deleted);
    expect(await run.result()).toMatchObject({ outcome: 'stopped' });
    expect(await all.feed.feedOf(follower)).toEqual([]);
    // For good: a later signal changes nothing.
    await signal({ aggregateType: 'post', aggregateId: postId });
    const [state] = await new PgTombstones(pool()).states([{ type: 'post', id: postId }]);
    expect(state).toMatchObject({ final: true, sequence: deleted.sequence, heldMs: 0 });
  });

  it('ends an e-mail that waits, without waiting for its next try', async () => {
    const [bob, messageId, conversation] = [await insertUser(pool()), newId(), newId()];
    outcome = { kind: 'not_sent', reason: 'SMTP_CONNECT', scope: 'channel' };
    const ids = { message_id: messageId, conversation_id: conversation };
    const sender = await insertUser(pool());
    const event = await insertEvent(pool(), 'message.persisted', {
      ...ids,
      sender_id: sender,
      mentioned_user_ids: [bob],
    });
    const run = await nova.start('notificationWorkflow', event);
    await waitFor(async () => (await deliveriesOf(pool(), event.eventId))[0]?.reason === 'SMTP_CONNECT');
    await insertTombstone(messageId);
    await signal({ aggregateType: 'message', aggregateId: conversation, subjectId: messageId });
    expect(await run.result()).toMatchObject({ counts: { emailed: 0 } });
    expect(await deliveriesOf(pool(), event.eventId)).toMatchObject([{ state: 'skipped', reason: 'RETRACTED' }]);
  });

  it('signals the runs of its conversation when a message is deleted', async () => {
    const ids = { message_id: newId(), conversation_id: newId() };
    const persisted = await insertEvent(pool(), 'message.persisted', { ...ids, sender_id: newId() });
    const signalled: string[] = [];
    all.deps = { ...all.deps, runs: { deleted: (id) => Promise.resolve(signalled.push(id) > 0) } };
    await all.run('retractionWorkflow', await insertEvent(pool(), 'message.deleted', ids));
    expect(signalled).toEqual([persisted.eventId]);
  });

  it('of a user who is only hidden is not for good', async () => {
    const user = newId();
    await signal({ aggregateType: 'user', aggregateId: user });
    const soft = { subjectType: 'user', subjectId: user, final: false, reason: 'user hidden' } as const;
    await new PgTombstones(pool()).set({ ...soft, sequence: 7 });
    const states = await new PgTombstones(pool()).states([{ type: 'user', id: user }]);
    expect(states).toMatchObject([{ final: false, sequence: 7, heldMs: 0 }]);
  });
});

describe('a service with the client of the version before', () => {
  it('holds back as well, and deletes nothing for good', async () => {
    const postId = newId();
    await pool().query(
      `INSERT INTO tombstones (subject_type, subject_id, sequence, final, reason) VALUES ('post', $1, NULL, true, 'x')
       ON CONFLICT (subject_type, subject_id) DO UPDATE SET final = true`,
      [postId],
    );
    const [state] = await new PgTombstones(pool()).states([{ type: 'post', id: postId }]);
    expect(state).toMatchObject({ final: false, sequence: null });
    expect(state?.heldMs).toBeGreaterThan(200_000);
  });
});

it('is named by the audit when its event never came, and only then', async () => {
  const count = async () => (await new PgAuditSignals(pool()).withoutDelete()).count;
  const before = await count();
  const [lost, done] = [newId(), newId()];
  for (const aggregateId of [lost, done]) await signal({ aggregateType: 'post', aggregateId });
  expect(await count()).toBe(before);
  const deleted = { subjectType: 'post', subjectId: done, sequence: 1, final: true, reason: 'test' } as const;
  await new PgTombstones(pool()).set(deleted);
  for (const id of [lost, done]) await endHold(id);
  await waitFor(async () => (await count()) === before + 1);
  expect((await new PgAuditSignals(pool()).withoutDelete()).examples).toContain(lost);
});

it('holds nothing for more than an hour, also when the clock is set back', async () => {
  const postId = newId();
  await signal({ aggregateType: 'post', aggregateId: postId, holdMs: 86_400_000 });
  const heldMs = async () => (await new PgTombstones(pool()).states([{ type: 'post', id: postId }]))[0]?.heldMs;
  expect(await heldMs()).toBeLessThanOrEqual(3_600_000);
  await pool().query(`UPDATE tombstones SET held_until = held_until + interval '1 hour' WHERE subject_id = $1`, [
    postId,
  ]);
  expect(await heldMs()).toBe(0);
});

const insertTombstone = (subjectId: string) =>
  new PgTombstones(pool()).set({
    subjectType: 'message',
    subjectId,
    sequence: 1_000_000_000,
    final: true,
    reason: 'test',
  });

import { PgContentOwners } from '../../../../activities/stores/pg-content-owners';
import { Inbox } from '../../../../client/inbox';
import { PgNotificationStore } from '../../../../activities/notify/pg-notification-store';
import { NotificationPreferences } from '../../../../client/preferences';
import { PgTombstones } from '../../../../activities/stores/pg-tombstones';
import { type InAppResult } from '../../../../activities/notify/in-app';
import { type NotifyDeps } from '../../../../activities/notify/deps';
import { createNotifyActivities } from '../../../../activities/notify/notify-activities';
import { type EventRef } from '../../../../contracts/event-ref';
import { inActivity } from '../../../support/activity-context';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { insertEvent, newId } from '../../../support/events';
import { deliveriesOf, insertUser, notificationsOf, notifyDeps } from '../../../support/notify';

const mute = {
  name: 'email',
  destinations: () => [],
  compose: () => ({ subject: '', text: '' }),
  send: () => Promise.reject(new Error('not sent here')),
} as const;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const activities = (overrides: Parameters<typeof notifyDeps>[1] = {}) =>
  createNotifyActivities(notifyDeps(database.pool, { email: mute, ...overrides }));
const notify = (event: EventRef, overrides: Parameters<typeof notifyDeps>[1] = {}) =>
  inActivity(() => activities(overrides).notifyInApp(event, null), { isLocal: true });

async function message(recipients: string[], mentioned: string[] = []) {
  const [senderId, messageId] = [newId(), newId()];
  const event = await insertEvent(database.pool, 'message.persisted', {
    message_id: messageId,
    conversation_id: newId(),
    sender_id: senderId,
    recipient_ids: recipients,
    mentioned_user_ids: mentioned,
  });
  return { event, senderId, messageId };
}

describe('in-app notifications', () => {
  it('are made once per person, with their deliveries, however often the activity runs', async () => {
    const [bob, carol] = [newId(), newId()];
    const { event } = await message([bob, carol], [carol]);
    expect(await notify(event)).toMatchObject({ created: 2, next: null, channels: ['email'], stopped: false });
    // A second run, as after a lost reply, still says which channels have work.
    expect(await notify(event)).toMatchObject({ created: 0, next: null, channels: ['email'] });
    const rows = await notificationsOf(database.pool, event.eventId);
    expect(Object.fromEntries(rows.map((row) => [row.recipient_id, row.kind]))).toEqual({
      [bob]: 'message.received',
      [carol]: 'message.mention',
    });
    expect(await deliveriesOf(database.pool, event.eventId, 'in_app')).toMatchObject([
      { state: 'sent' },
      { state: 'sent' },
    ]);
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([{ recipient_id: carol, state: 'pending' }]);
  });

  it('are counted as unread until read, and the count agrees with the list', async () => {
    const bob = newId();
    const inbox = new Inbox(database.pool);
    for (let i = 0; i < 3; i++) await notify((await message([bob])).event);
    expect(await inbox.unreadCount(bob)).toBe(3);
    const [newest, middle] = (await inbox.list(bob, { limit: 2 })).entries;
    expect((await inbox.list(bob, { limit: 2, before: middle?.id ?? 0 })).entries).toHaveLength(1);
    await inbox.markReadUpTo(bob, middle?.id ?? 0);
    expect(await inbox.unreadCount(bob)).toBe(1);
    expect((await inbox.list(bob, { limit: 9 })).entries.filter(({ read }) => !read).map(({ id }) => id)).toEqual([
      newest?.id,
    ]);
  });

  it('follow preferences: switched off, a person is not notified, and the row says why', async () => {
    const bob = newId();
    const preferences = new NotificationPreferences(database.pool);
    await preferences.set(bob, 'message.mention', 'in_app', false);
    await preferences.set(bob, 'message.mention', 'email', false);
    const { event } = await message([], [bob]);
    expect(await notify(event)).toMatchObject({ channels: [] });
    expect(await new Inbox(database.pool).unreadCount(bob)).toBe(0);
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([
      { state: 'skipped', reason: 'SWITCHED_OFF' },
    ]);
    await preferences.set(bob, 'message.mention', 'in_app', true);
    await notify((await message([], [bob])).event);
    expect(await new Inbox(database.pool).unreadCount(bob)).toBe(1);
  });

  it('leave out people who are hidden or deleted, and those they cause are not seen', async () => {
    const [hidden, bob] = [await insertUser(database.pool, { state: 'hidden' }), newId()];
    const { event, senderId } = await message([hidden, bob]);
    expect(await notify(event)).toMatchObject({ created: 1 });
    await insertUser(database.pool, { id: senderId, state: 'hidden' });
    const inbox = new Inbox(database.pool);
    expect([await inbox.unreadCount(bob), (await inbox.list(bob, { limit: 5 })).entries.length]).toEqual([0, 0]);
  });

  it('that come after the delete are taken back at once', async () => {
    const bob = newId();
    const { event, messageId } = await message([bob], [bob]);
    const tombstone = {
      subjectType: 'message',
      subjectId: messageId,
      sequence: event.sequence + 1,
      final: true,
      reason: 'test',
    } as const;
    // The delete is committed between the write and the look: the writer cannot have seen it before.
    class LateStore extends PgNotificationStore {
      override async create(...args: Parameters<PgNotificationStore['create']>) {
        const created = await super.create(...args);
        await new PgTombstones(database.pool).set(tombstone);
        return created;
      }
    }
    expect(await notify(event, { store: new LateStore(database.pool) })).toMatchObject({ stopped: true, channels: [] });
    expect(await notificationsOf(database.pool, event.eventId)).toMatchObject([{ retracted: true }]);
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([{ state: 'skipped', reason: 'RETRACTED' }]);
    expect(await new Inbox(database.pool).unreadCount(bob)).toBe(0);
  });

  it('are made in spite of a tombstone that is older than the event', async () => {
    const [author, bob, postId] = [newId(), newId(), newId()];
    const event = await insertEvent(database.pool, 'content.post.created', {
      post_id: postId,
      user_id: author,
      mentioned_user_ids: [bob],
    });
    await new PgTombstones(database.pool).set({
      subjectType: 'post',
      subjectId: postId,
      sequence: event.sequence - 1,
      final: false,
      reason: 'archived',
    });
    expect(await notify(event)).toMatchObject({ created: 1, stopped: false });
  });

  it('say that e-mail is off instead of leaving deliveries pending without end', async () => {
    const { event } = await message([], [newId()]);
    expect(
      await inActivity(() => createNotifyActivities(notifyDeps(database.pool)).notifyInApp(event, null)),
    ).toMatchObject({ channels: [] });
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([
      { state: 'skipped', reason: 'CHANNEL_OFF' },
    ]);
  });
});

describe('the owner of what an event points to', () => {
  const react = (targetId: string, targetType: 'post' | 'comment' | 'message') =>
    insertEvent(database.pool, 'reaction.added', {
      target_id: targetId,
      target_type: targetType,
      user_id: newId(),
      emoji: '👍',
    });

  it('is the sender of a message that was notified before', async () => {
    const { event, senderId, messageId } = await message([newId()]);
    await notify(event);
    const reaction = await react(messageId, 'message');
    expect(await notify(reaction)).toMatchObject({ created: 1, ownerUnknown: false });
    expect(await notificationsOf(database.pool, reaction.eventId)).toMatchObject([
      { recipient_id: senderId, kind: 'reaction.received' },
    ]);
  });

  it('is the author of a post the feed knows', async () => {
    const [postId, author] = [newId(), newId()];
    await database.pool.query(
      `INSERT INTO post_states (post_id, author_id, status, score_ms, sequence) VALUES ($1, $2, 'published', 0, 1)`,
      [postId, author],
    );
    const reaction = await react(postId, 'post');
    await notify(reaction);
    expect(await notificationsOf(database.pool, reaction.eventId)).toMatchObject([{ recipient_id: author }]);
  });

  it('is waited for, while the mentioned are notified at once', async () => {
    const [bob, author, postId] = [newId(), newId(), newId()];
    const comment = await insertEvent(database.pool, 'comment.created', {
      comment_id: newId(),
      post_id: postId,
      user_id: newId(),
      mentioned_user_ids: [bob],
    });
    await expect(notify(comment)).rejects.toMatchObject({ type: 'TARGET_NOT_KNOWN_YET', nonRetryable: false });
    expect(await notificationsOf(database.pool, comment.eventId)).toMatchObject([
      { recipient_id: bob, kind: 'comment.mention' },
    ]);
    await database.pool.query(
      `INSERT INTO post_states (post_id, author_id, status, score_ms, sequence) VALUES ($1, $2, 'published', 0, 1)`,
      [postId, author],
    );
    expect(await notify(comment)).toMatchObject({ created: 1, ownerUnknown: false, channels: ['email'] });
  });

  it('is not read from the outbox, which may be of another service: the post’s own event says who it is', async () => {
    const [postId, author] = [newId(), newId()];
    await insertEvent(database.pool, 'content.post.created', { post_id: postId, user_id: author });
    const reaction = await react(postId, 'post');
    await expect(notify(reaction)).rejects.toMatchObject({ type: 'TARGET_NOT_KNOWN_YET' });
    await database.pool.query(
      `INSERT INTO post_states (post_id, author_id, status, score_ms, sequence) VALUES ($1, $2, 'published', 0, 1)`,
      [postId, author],
    );
    expect(await notify(reaction)).toMatchObject({ created: 1, ownerUnknown: false });
    expect(await notificationsOf(database.pool, reaction.eventId)).toMatchObject([{ recipient_id: author }]);
  });

  const pages = (event: EventRef, scheduledAgoMs: number) =>
    inActivity(() => activities().notifyPages(event, null), { scheduledAgoMs });
  /** What a bridge reported of an outbox: everything of this type that was written before is over, and since when it is so. */
  const reported = (
    contentType: 'post' | 'message' | 'comment',
    doneBefore: number,
    options: { ago?: string; outbox?: string } = {},
  ) =>
    database.pool.query(
      `INSERT INTO outbox_progress (outbox, content_type, done_before, reported_at)
       VALUES ($1, $2, to_timestamp($3::float8 / 1000), now() - $4::interval)`,
      [options.outbox ?? 'main', contentType, doneBefore, options.ago ?? '0 s'],
    );
  beforeEach(() => database.pool.query('TRUNCATE outbox_progress'));

  const patience = 120_000;
  const targets = ['post', 'message', 'comment'] as const;

  it.each(targets)(
    'of a %s is given up after two minutes, without a failure, when no outbox ever reported',
    async (type) => {
      const reaction = await react(newId(), type);
      expect(await pages(reaction, 121_000)).toMatchObject({ created: 0, ownerUnknown: true, stopped: false });
      await expect(pages(reaction, 20_000)).rejects.toMatchObject({ type: 'TARGET_NOT_KNOWN_YET' });
    },
  );

  it.each(targets)('of a %s is waited for as long as an outbox may have the event that names it', async (type) => {
    const reaction = await react(newId(), type);
    const waits = () => expect(pages(reaction, 3_600_000)).rejects.toMatchObject({ type: 'TARGET_NOT_KNOWN_YET' });
    const far = reaction.createdAtMs + patience + 1_000;
    await reported(type, reaction.createdAtMs + patience - 1_000, { ago: '10 minutes' });
    await waits();
    // Only now: the effects of the last event may still be tried again.
    await reported(type, far, { ago: '119 s' });
    await waits();
    await reported(type, far, { ago: '121 s' });
    await reported(type, far - 3_600_000, { outbox: 'another', ago: '121 s' });
    await waits();
    await reported(type, far, { outbox: 'another', ago: '120.5 s' });
    expect(await pages(reaction, 121_000)).toMatchObject({ ownerUnknown: true });
  });

  it('is waited for on account of no other type, and of no outbox that was silent for a day', async () => {
    const reaction = await react(newId(), 'comment');
    await reported('message', reaction.createdAtMs - 1_000);
    await reported('comment', reaction.createdAtMs - 1_000, { ago: '25 hours', outbox: 'removed' });
    expect(await pages(reaction, 121_000)).toMatchObject({ ownerUnknown: true });
    await reported('comment', reaction.createdAtMs - 1_000, { ago: '23 hours', outbox: 'down' });
    await expect(pages(reaction, 121_000)).rejects.toMatchObject({ type: 'TARGET_NOT_KNOWN_YET' });
  });

  it('hears nothing of a reaction to a comment whose post was deleted', async () => {
    const [commentId, postId, owner] = [newId(), newId(), newId()];
    await new PgContentOwners(database.pool).remember('comment', commentId, { ownerId: owner, postId });
    await new PgTombstones(database.pool).set({
      subjectType: 'post',
      subjectId: postId,
      sequence: 1,
      final: true,
      reason: 'test',
    });
    expect(await notify(await react(commentId, 'comment'))).toMatchObject({ stopped: true });
  });
});

describe('a large audience', () => {
  const stream = async (followers: number) => {
    const streamer = newId();
    await database.pool.query(
      `INSERT INTO follows (followee_id, follower_id) SELECT $1, gen_random_uuid() FROM generate_series(1, $2)`,
      [streamer, followers],
    );
    return insertEvent(database.pool, 'live.stream.started', { stream_id: newId(), user_id: streamer });
  };
  const limits: Partial<NotifyDeps> = { limits: { pageSize: 100 } };

  it('is notified page by page, each follower once', async () => {
    const event = await stream(250);
    let pages = 0;
    for (let cursor: string | null | undefined; cursor !== null; pages++) {
      const from = cursor ?? null;
      const page: InAppResult = await inActivity(() => activities(limits).notifyInApp(event, from));
      cursor = page.next;
    }
    expect(pages).toBeGreaterThanOrEqual(3);
    const rows = await notificationsOf(database.pool, event.eventId);
    expect([rows.length, new Set(rows.map((row) => row.recipient_id)).size]).toEqual([250, 250]);
  });

  it('is gone through by one long activity, which goes on where its last heartbeat was', async () => {
    const event = await stream(350);
    const reported: unknown[] = [];
    const onHeartbeat = (details: unknown): unknown => reported.push(details);
    expect(await inActivity(() => activities(limits).notifyPages(event, null), { onHeartbeat })).toMatchObject({
      created: 350,
    });
    const last = reported.at(-1);
    expect(
      await inActivity(() => activities(limits).notifyPages(event, null), { heartbeatDetails: last }),
    ).toMatchObject({
      created: 300,
    });
    expect(await notificationsOf(database.pool, event.eventId)).toHaveLength(350);
  });
});

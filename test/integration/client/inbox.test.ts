import { Inbox } from '../../../client/inbox';
import { NotificationPreferences } from '../../../client/preferences';
import {
  type Channel,
  type NotificationKind,
  channels,
  notificationKinds,
} from '../../../contracts/notification-kinds';
import { PgNotificationStore } from '../../../activities/notify/pg-notification-store';
import { PgContentOwners } from '../../../activities/stores/pg-content-owners';
import { PgTombstones } from '../../../activities/stores/pg-tombstones';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { insertUser } from '../../support/notify';
import { type DocumentedLogin, createReadingLogin } from '../../support/documented-login';

let database: TestDatabase;
let login: DocumentedLogin;
let inbox: Inbox;
let preferences: NotificationPreferences;
beforeAll(async () => {
  database = await createTestDatabase();
  login = await createReadingLogin(database);
  inbox = new Inbox(login.pool);
  preferences = new NotificationPreferences(login.pool);
});
afterAll(async () => {
  await login.drop();
  await database.drop();
});

/** A notification as the workers write it. */
async function notify(recipientId: string, actorId: string | null = null, postId = newId()) {
  const event = newId();
  const store = new PgNotificationStore(database.pool);
  const head = { eventId: event, sequence: 1, actorId, subject: { type: 'post', id: postId } as const };
  const row = { recipientId, kind: 'post.mention', inApp: true, external: [] } as const;
  await store.create({ ...head, item: head.subject }, [row]);
  return { event, postId, again: () => store.create({ ...head, item: head.subject }, [row]) };
}
const eventsOf = async (user: string) => (await inbox.list(user)).entries.map(({ eventId }) => eventId);

describe('an inbox, with the rights that its page gives', () => {
  it('lists in pages, newest first, with numbers and dates as such', async () => {
    const [user, actor] = [newId(), await insertUser(database.pool)];
    const sent: string[] = [];
    for (let n = 0; n < 5; n++) sent.unshift((await notify(user, actor)).event);
    const first = await inbox.list(user, { limit: 3 });
    const second = await inbox.list(user, { limit: 3, before: first.next });
    expect([...first.entries, ...second.entries].map(({ eventId }) => eventId)).toEqual(sent);
    expect(second.next).toBeNull();
    expect(first.entries[0]).toEqual({
      id: expect.any(Number) as number,
      eventId: sent[0],
      kind: 'post.mention',
      actorId: actor,
      subject: { type: 'post', id: expect.any(String) as string },
      item: { type: 'post', id: expect.any(String) as string },
      createdAt: expect.any(Date) as Date,
      read: false,
    });
  });

  it('marks one, all up to one, and all as read, each once', async () => {
    const [user, other] = [newId(), newId()];
    for (let n = 0; n < 4; n++) await notify(user);
    await notify(other);
    const [fourth, third, second, first] = (await inbox.list(user)).entries.map(({ id }) => id);
    expect(await inbox.unreadCount(user)).toBe(4);
    expect([await inbox.markRead(user, second!), await inbox.markRead(user, second!)]).toEqual([1, 0]);
    expect((await inbox.list(user)).entries.filter(({ read }) => read).map(({ id }) => id)).toEqual([second]);
    expect(await inbox.markReadUpTo(user, third!)).toBe(2);
    expect(await inbox.unreadCount(user)).toBe(1);
    expect(await inbox.markAllRead(user)).toBe(1);
    expect(await inbox.markAllRead(user)).toBe(0);
    expect((await inbox.list(user)).entries.map(({ id, read }) => [id, read])).toEqual(
      [fourth, third, second, first].map((id) => [id, true]),
    );
    expect(await inbox.unreadCount(other)).toBe(1);
  });

  it('lets a person delete their own, which a second try of the event does not bring back', async () => {
    const [user, other] = [newId(), newId()];
    const kept = await notify(user);
    const gone = await notify(user);
    const [newest] = (await inbox.list(user)).entries;
    expect(await inbox.delete(other, newest!.id)).toBe(0);
    expect(await inbox.markRead(other, newest!.id)).toBe(0);
    expect(await inbox.delete(user, newest!.id)).toBe(1);
    expect(await inbox.delete(user, newest!.id)).toBe(0);
    await gone.again();
    expect(await eventsOf(user)).toEqual([kept.event]);
    expect(await inbox.unreadCount(user)).toBe(1);
  });

  it('neither lists nor counts what was taken back, or what hidden people caused', async () => {
    const [user, actor] = [newId(), await insertUser(database.pool)];
    const kept = await notify(user);
    await notify(user, actor);
    const taken = await notify(user);
    await new PgNotificationStore(database.pool).retract(
      { by: 'subject', subject: { type: 'post', id: taken.postId } },
      10,
    );
    await database.pool.query(`UPDATE user_profiles SET state = 'hidden' WHERE user_id = $1`, [actor]);
    expect(await eventsOf(user)).toEqual([kept.event]);
    expect(await inbox.unreadCount(user)).toBe(1);
  });

  it('neither lists nor counts what is about an archived post or a comment on it, until it is published again', async () => {
    const [user, other] = [newId(), newId()];
    const [post, comment] = [await notify(user), await notify(user)];
    await notify(user, null, post.postId);
    const { event: kept, postId: keptPost } = await notify(user);
    await database.pool.query(
      `UPDATE notifications SET subject_type = 'comment', subject_id = $2 WHERE event_id = $1`,
      [comment.event, other],
    );
    await new PgContentOwners(database.pool).remember('comment', other, { ownerId: user, postId: post.postId });
    const subject = { subjectType: 'post', subjectId: post.postId, final: false, reason: 'post archived' } as const;
    await new PgTombstones(database.pool).set({ ...subject, sequence: 7 });
    // A signal alone archives nothing, and may have any text for an id.
    await database.pool.query(
      `INSERT INTO tombstones (subject_type, subject_id, final, reason, held_until)
       VALUES ('post', 'no uuid', false, 'signal', now() + interval '1 hour'), ('post', $1, false, 'signal', now() + interval '1 hour')`,
      [keptPost],
    );
    expect(await eventsOf(user)).toEqual([kept]);
    expect(await inbox.unreadCount(user)).toBe(1);
    const publish = `INSERT INTO post_states (post_id, author_id, status, score_ms, sequence) VALUES ($1, $2, 'published', 0, $3)
      ON CONFLICT (post_id) DO UPDATE SET sequence = excluded.sequence`;
    await database.pool.query(publish, [post.postId, user, 6]);
    expect(await inbox.unreadCount(user)).toBe(1);
    await database.pool.query(publish, [post.postId, user, 8]);
    expect(await inbox.unreadCount(user)).toBe(4);
    expect(await eventsOf(user)).toHaveLength(4);
  });

  it('refuses what cannot be right before a statement is sent', async () => {
    await expect(inbox.list('bob')).rejects.toThrow(new RangeError('userId must be a UUID, got "bob"'));
    await expect(inbox.list(newId(), { limit: 0 })).rejects.toThrow('limit is 0; give a whole number from 1 to 500');
    await expect(inbox.markReadUpTo(newId(), 1.5)).rejects.toThrow('id is 1.5; give a whole number from 1 to');
  });
});

describe('preferences, with the rights that their page gives', () => {
  it('show every kind and channel, with the defaults', async () => {
    const all = await preferences.get(newId());
    expect(Object.keys(all)).toEqual(Object.keys(notificationKinds));
    for (const [kind, ofKind] of Object.entries(all)) {
      const { defaultChannels, lockedChannels } = notificationKinds[kind as NotificationKind];
      expect(Object.keys(ofKind)).toEqual([...channels]);
      for (const channel of channels)
        expect(ofKind[channel]).toEqual({
          enabled: defaultChannels.includes(channel),
          byDefault: true,
          locked: lockedChannels.includes(channel),
        });
    }
  });

  it('keep what a person set last, and what others set apart', async () => {
    const [user, other] = [newId(), newId()];
    await preferences.set(user, 'post.mention', 'email', false);
    await preferences.set(user, 'live.started', 'email', false);
    await preferences.set(user, 'live.started', 'email', true);
    const all = await preferences.get(user);
    expect(all['post.mention'].email).toEqual({ enabled: false, byDefault: false, locked: false });
    expect(all['live.started'].email).toEqual({ enabled: true, byDefault: false, locked: false });
    expect((await preferences.get(other))['post.mention'].email.enabled).toBe(true);
  });

  it('say that a locked channel is on, whatever a row says', async () => {
    const user = newId();
    await database.pool.query(`INSERT INTO notification_preferences VALUES ($1, 'security.alert', 'email', false)`, [
      user,
    ]);
    expect((await preferences.get(user))['security.alert'].email).toEqual({
      enabled: true,
      byDefault: false,
      locked: true,
    });
  });

  it.each([
    [
      'post.mentions',
      'email',
      'kind "post.mentions" does not exist; there are message.received, message.mention, post.mention, ',
    ],
    ['post.mention', 'inapp', 'channel "inapp" does not exist; there are in_app, email'],
    ['security.alert', 'email', 'security.alert on email cannot be switched off'],
  ])('refuse %s on %s, and say what there is', async (kind, channel, message) => {
    const user = newId();
    const set = preferences.set(user, kind as NotificationKind, channel as Channel, false);
    await expect(set).rejects.toThrow(RangeError);
    await expect(set).rejects.toThrow(message);
    const { rows } = await database.pool.query('SELECT FROM notification_preferences WHERE user_id = $1', [user]);
    expect(rows).toHaveLength(0);
  });
});

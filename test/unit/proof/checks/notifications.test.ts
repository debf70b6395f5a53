import { expectedNotifications } from '../../../../proof/checks/expected-notifications';
import { type NotificationRow } from '../../../../proof/checks/evidence';
import { checkNotifications } from '../../../../proof/checks/notifications';
import { type Truth } from '../../../../proof/checks/truth';
import { event, id, truthOf } from './truth-of';

const [author, actor, mentioned, third] = [id('a'), id('b'), id('c'), id('d')];
const post = { authorId: author, status: 'published', caption: '' };
const posts = new Map([[id('1'), post]]);
const comment = event('comment.created', { post_id: id('1'), user_id: actor, mentioned_user_ids: [mentioned, actor] });
const row = (recipientId: string, kind: string, change: Partial<NotificationRow> = {}): NotificationRow => ({
  eventId: comment.id,
  recipientId,
  kind,
  inApp: true,
  retracted: false,
  ...change,
});
const notices = [row(author, 'comment.received'), row(mentioned, 'comment.mention')];
const check = (truth: Partial<Truth>, rows: readonly NotificationRow[]) =>
  checkNotifications(expectedNotifications(truthOf({ events: [comment], posts, ...truth })), rows);

describe('the notifications check', () => {
  it('holds when the owner and the mentioned were notified, and the actor was not', () => {
    expect(check({}, notices)).toMatchObject({ ok: true, counts: { notifications: 2, missing: 0 } });
  });

  it.each<[string, NotificationRow[]]>([
    ['a person was not notified', notices.slice(1)],
    ['a person was notified twice', [...notices, notices[0]!]],
    ['a person was notified of their own doing', [...notices, row(actor, 'comment.mention')]],
    ['a person was notified who is not concerned', [...notices, row(third, 'comment.received')]],
    ['a person was notified of something else', [row(author, 'comment.mention'), notices[1]!]],
    ['a notification is not listed that should be', [row(author, 'comment.received', { inApp: false }), notices[1]!]],
    [
      'a notification was taken back for no reason',
      [row(author, 'comment.received', { retracted: true }), notices[1]!],
    ],
  ])('fails when %s', (_, rows) => {
    expect(check({}, rows).ok).toBe(false);
  });

  it('goes by what people switched off', () => {
    const preferences = new Map([[`${author} comment.received in_app`, false]]);
    expect(check({ preferences }, notices).ok).toBe(false);
    expect(check({ preferences }, [row(author, 'comment.received', { inApp: false }), notices[1]!]).ok).toBe(true);
  });

  it('fails when a notification about a deleted post is still there', () => {
    const deleted = new Map([[id('1'), { ...post, status: 'deleted' }]]);
    expect(check({ posts: deleted }, notices)).toMatchObject({ ok: false, counts: { resurrected: 2 } });
    expect(check({ posts: deleted }, []).ok).toBe(true);
    expect(
      check(
        { posts: deleted },
        notices.map((one) => ({ ...one, retracted: true })),
      ).ok,
    ).toBe(true);
  });

  it('takes back whom a post mentions that is archived later; what others said of it is hidden, and stays', () => {
    const created = event('content.post.created', { post_id: id('1'), user_id: author, mentioned_user_ids: [third] });
    const archived = event('content.post.status_updated', {
      post_id: id('1'),
      user_id: author,
      new_status: 'archived',
    });
    const mention = row(third, 'post.mention', { eventId: created.id });
    expect(check({ events: [created, comment, archived] }, notices).ok).toBe(true);
    expect(check({ events: [created, comment, archived] }, [...notices, mention])).toMatchObject({
      counts: { resurrected: 1 },
    });
    expect(check({ events: [created, comment, archived] }, [])).toMatchObject({ counts: { missing: 2 } });
    const later = event('content.post.created', created.payload);
    expect(check({ events: [archived, later] }, [row(third, 'post.mention', { eventId: later.id })]).ok).toBe(true);
  });

  it('wants nothing left of what a deleted user did, and leaves open what a deleted user was notified of', () => {
    expect(check({ gone: new Map([[actor, 'deleted']]) }, notices)).toMatchObject({ counts: { resurrected: 2 } });
    const withoutAuthor = new Map([[author, 'hidden' as const]]);
    expect(check({ gone: withoutAuthor }, notices).ok).toBe(true);
    expect(check({ gone: withoutAuthor }, notices.slice(1)).ok).toBe(true);
  });
});

describe('who is to be notified', () => {
  const noticesOf = (truth: Partial<Truth>) =>
    [...expectedNotifications(truthOf(truth)).values()].map(({ recipientId, kind, presence }) => [
      recipientId,
      kind,
      presence,
    ]);

  it('of a message: recipients, and the mentioned as such', () => {
    const payload = {
      message_id: id('9'),
      sender_id: actor,
      recipient_ids: [author, mentioned],
      mentioned_user_ids: [mentioned],
    };
    const events = [event('message.persisted', payload)];
    const messages = new Map([[id('9'), { ownerId: actor, deleted: false }]]);
    expect(noticesOf({ events, messages })).toEqual([
      [mentioned, 'message.mention', 'due'],
      [author, 'message.received', 'due'],
    ]);
    expect(noticesOf({ events, messages: new Map([[id('9'), { ownerId: actor, deleted: true }]]) })[0]).toContain(
      'none',
    );
  });

  it('of a reaction: the owner of the target, until it is taken back', () => {
    const reaction = { target_id: id('1'), target_type: 'post', user_id: actor, emoji: '+' };
    const added = event('reaction.added', reaction);
    const removed = event('reaction.removed', reaction);
    const again = event('reaction.added', reaction);
    expect(noticesOf({ events: [added], posts })).toEqual([[author, 'reaction.received', 'due']]);
    expect(noticesOf({ events: [added, removed, again], posts }).map(([, , presence]) => presence)).toEqual([
      'none',
      'due',
    ]);
  });

  it('of a live stream: the followers, leaving open those who came or went', () => {
    const events = [
      event('live.stream.started', { stream_id: id('8'), user_id: author }),
      event('follow.removed', { follower_id: third, followee_id: author }),
    ];
    const endedFollows = new Set([`${author} ${actor}`]);
    expect(noticesOf({ events, endedFollows, followers: new Map([[author, [mentioned]]]) })).toEqual([
      [mentioned, 'live.started', 'due'],
      [third, 'live.started', 'either'],
      [actor, 'live.started', 'either'],
    ]);
  });

  it('of a draft: no one', () => {
    const payload = { post_id: id('1'), user_id: author, status: 'draft', mentioned_user_ids: [mentioned] };
    expect(noticesOf({ events: [event('content.post.created', payload)], posts })).toEqual([]);
  });
});

import { audienceOf, pageOf } from '../../../../activities/notify/audience';
import { type EventType, type PayloadInput } from '../../../../contracts/catalogue';
import { noticeOf } from '../../../../contracts/consequences';
import { type EventRecord } from '../../../../contracts/event-ref';
import { parseEvent } from '../../../../contracts/parse-event';
import { newId } from '../../../support/events';

const [actor, owner, bob, carol] = [newId(), newId(), newId(), newId()].sort() as [string, string, string, string];
const targetId = newId();

function record<T extends EventType>(type: T, payload: PayloadInput<T>): EventRecord {
  const aggregateId = newId();
  const parsed = parseEvent({ eventType: type, aggregateId, payload });
  return {
    eventId: newId(),
    eventType: type,
    schemaVersion: 1,
    aggregateType: 'any',
    aggregateId,
    sequence: 1,
    createdAt: '2026-01-01T00:00:00.000000Z',
    createdAtMs: 0,
    priority: 1,
    payload: parsed.payload,
  };
}

/** Who is notified of what, as `{ user: kind }`. */
function noticesOf<T extends EventType>(type: T, payload: PayloadInput<T>, ownerId?: string): Record<string, string> {
  const notice = noticeOf(record(type, payload));
  if (notice === undefined) return {};
  const recipients = audienceOf(notice, ownerId ?? notice.owner?.ownerId);
  return Object.fromEntries(recipients.map(({ recipientId, kind }) => [recipientId, kind]));
}

describe('who is notified of an event', () => {
  const message = { message_id: newId(), conversation_id: newId(), sender_id: actor };
  const comment = { comment_id: newId(), post_id: targetId, user_id: actor };
  const reaction = { target_id: targetId, target_type: 'post' as const, user_id: actor, emoji: '👍' };

  it('notifies the recipients of a message, and a mention wins over the receipt', () => {
    expect(
      noticesOf('message.persisted', { ...message, recipient_ids: [bob, carol], mentioned_user_ids: [carol] }),
    ).toEqual({ [bob]: 'message.received', [carol]: 'message.mention' });
  });

  it('notifies the mentioned of a message who are not among its recipients', () => {
    expect(noticesOf('message.persisted', { ...message, mentioned_user_ids: [bob] })).toEqual({
      [bob]: 'message.mention',
    });
  });

  it('notifies the mentioned of a published post, and no one of a draft', () => {
    const post = { post_id: targetId, user_id: actor, mentioned_user_ids: [bob] };
    expect(noticesOf('content.post.created', post)).toEqual({ [bob]: 'post.mention' });
    expect(noticesOf('content.post.created', { ...post, status: 'draft' })).toEqual({});
  });

  it('notifies the owner of a commented post, and a mention wins', () => {
    expect(noticesOf('comment.created', { ...comment, post_owner_id: owner, mentioned_user_ids: [bob] })).toEqual({
      [owner]: 'comment.received',
      [bob]: 'comment.mention',
    });
    expect(noticesOf('comment.created', { ...comment, post_owner_id: owner, mentioned_user_ids: [owner] })).toEqual({
      [owner]: 'comment.mention',
    });
  });

  it('notifies the mentioned of a comment while the owner of the post is unknown', () => {
    expect(noticesOf('comment.created', { ...comment, mentioned_user_ids: [bob] })).toEqual({
      [bob]: 'comment.mention',
    });
  });

  it('notifies the owner of what was reacted to, named in the event or looked up', () => {
    expect(noticesOf('reaction.added', { ...reaction, target_owner_id: owner })).toEqual({
      [owner]: 'reaction.received',
    });
    expect(noticesOf('reaction.added', reaction, owner)).toEqual({ [owner]: 'reaction.received' });
  });

  it('notifies the followee of a follow', () => {
    expect(noticesOf('follow.added', { follower_id: actor, followee_id: bob })).toEqual({ [bob]: 'follow.received' });
  });

  it('notifies the followers of a streamer', () => {
    const notice = noticeOf(record('live.stream.started', { stream_id: newId(), user_id: actor }));
    expect(notice?.followersOf).toEqual({ userId: actor, kind: 'live.started' });
  });

  it('notifies a user of a security alert about their own account', () => {
    const alert = { alert_id: newId(), user_id: bob, kind: 'new_login' as const };
    expect(noticesOf('security.alert.raised', alert)).toEqual({ [bob]: 'security.alert' });
  });

  it('never notifies anyone of what they did themselves', () => {
    expect(noticesOf('message.persisted', { ...message, recipient_ids: [actor], mentioned_user_ids: [actor] })).toEqual(
      {},
    );
    expect(
      noticesOf('content.post.created', { post_id: targetId, user_id: actor, mentioned_user_ids: [actor] }),
    ).toEqual({});
    expect(noticesOf('comment.created', { ...comment, post_owner_id: actor, mentioned_user_ids: [actor] })).toEqual({});
    expect(noticesOf('reaction.added', { ...reaction, target_owner_id: actor })).toEqual({});
    expect(noticesOf('follow.added', { follower_id: actor, followee_id: actor })).toEqual({});
  });

  it('notifies no one of the other events', () => {
    expect(noticeOf(record('content.post.deleted', { post_id: targetId, user_id: actor }))).toBeUndefined();
    expect(noticeOf(record('follow.removed', { follower_id: actor, followee_id: bob }))).toBeUndefined();
  });
});

describe('pages of an audience', () => {
  const audience = ['a', 'b', 'c', 'd', 'e'].map((recipientId) => ({ recipientId, kind: 'post.mention' as const }));

  it('covers everyone once, whatever the page size', () => {
    for (const limit of [1, 2, 3, 5, 6]) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: ReturnType<typeof pageOf> = pageOf(audience, cursor, limit);
        expect(page.recipients.length).toBeLessThanOrEqual(limit);
        seen.push(...page.recipients.map(({ recipientId }) => recipientId));
        cursor = page.next;
      } while (cursor !== null);
      expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
    }
  });

  it('ends with the first page of an empty audience', () => {
    expect(pageOf([], null, 10)).toEqual({ recipients: [], next: null });
  });
});

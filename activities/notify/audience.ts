import { type EventType, type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord } from '../../contracts/event-ref';
import { type NotificationKind } from '../../contracts/notification-kinds';
import { followId, reactionId } from './relation-id';
import { type Notice } from './notice';

/** One person to be notified, and why. */
export interface Recipient {
  readonly recipientId: string;
  readonly kind: NotificationKind;
}

type Rules = { readonly [T in EventType]?: (payload: PayloadOf<T>) => Notice | undefined };

/** Who is notified of what. An event type that is not here notifies no one. */
const rules: Rules = {
  'message.persisted': (message) => ({
    actorId: message.sender_id,
    subject: { type: 'message', id: message.message_id },
    item: { type: 'message', id: message.message_id },
    voidedBy: [
      { type: 'message', id: message.message_id },
      { type: 'user', id: message.sender_id },
    ],
    notified: [
      { kind: 'message.mention', userIds: message.mentioned_user_ids ?? [] },
      { kind: 'message.received', userIds: message.recipient_ids ?? [] },
    ],
    creates: { contentType: 'message', contentId: message.message_id, ownerId: message.sender_id },
  }),

  // The people whom a draft mentions are notified by the event that publishes it first (notice-for.ts).
  'content.post.created': (post) =>
    post.status === 'published' ? noticeOfPost(post.post_id, post.user_id, post.mentioned_user_ids ?? []) : undefined,

  'comment.created': (comment) => ({
    actorId: comment.user_id,
    subject: { type: 'post', id: comment.post_id },
    item: { type: 'comment', id: comment.comment_id },
    voidedBy: [
      { type: 'post', id: comment.post_id },
      { type: 'user', id: comment.user_id },
    ],
    notified: [{ kind: 'comment.mention', userIds: comment.mentioned_user_ids ?? [] }],
    owner: {
      contentType: 'post',
      contentId: comment.post_id,
      ownerId: comment.post_owner_id,
      kind: 'comment.received',
    },
    creates: {
      contentType: 'comment',
      contentId: comment.comment_id,
      ownerId: comment.user_id,
      postId: comment.post_id,
    },
  }),

  'reaction.added': (reaction) => ({
    actorId: reaction.user_id,
    subject: { type: reaction.target_type, id: reaction.target_id },
    item: { type: 'reaction', id: reactionId(reaction) },
    voidedBy: [
      { type: 'reaction', id: reactionId(reaction) },
      { type: 'user', id: reaction.user_id },
      ...(reaction.target_type === 'comment' ? [] : [{ type: reaction.target_type, id: reaction.target_id }]),
    ],
    notified: [],
    owner: {
      contentType: reaction.target_type,
      contentId: reaction.target_id,
      ownerId: reaction.target_owner_id,
      kind: 'reaction.received',
    },
  }),

  'follow.added': (follow) => ({
    actorId: follow.follower_id,
    subject: { type: 'user', id: follow.follower_id },
    item: { type: 'user', id: follow.follower_id },
    voidedBy: [
      { type: 'user', id: follow.follower_id },
      { type: 'follow', id: followId(follow) },
    ],
    notified: [{ kind: 'follow.received', userIds: [follow.followee_id] }],
  }),

  'live.stream.started': (stream) => ({
    actorId: stream.user_id,
    subject: { type: 'stream', id: stream.stream_id },
    item: { type: 'stream', id: stream.stream_id },
    voidedBy: [{ type: 'user', id: stream.user_id }],
    notified: [],
    followersOf: { userId: stream.user_id, kind: 'live.started' },
  }),

  'security.alert.raised': (alert) => ({
    actorId: null,
    subject: { type: 'user', id: alert.user_id },
    item: { type: 'alert', id: alert.alert_id },
    voidedBy: [{ type: 'user', id: alert.user_id }],
    notified: [{ kind: 'security.alert', userIds: [alert.user_id] }],
    detail: alert.kind,
  }),
};

/** A post that can be seen from now on, and whom it mentions. */
export function noticeOfPost(postId: string, authorId: string, mentioned: readonly string[]): Notice {
  return {
    actorId: authorId,
    subject: { type: 'post', id: postId },
    item: { type: 'post', id: postId },
    voidedBy: [
      { type: 'post', id: postId },
      { type: 'user', id: authorId },
    ],
    notified: [{ kind: 'post.mention', userIds: mentioned }],
  };
}

/** What the event says about who is notified; undefined when it is no one. */
export function noticeOf(event: EventRecord): Notice | undefined {
  const rule = rules[event.eventType] as ((payload: unknown) => Notice | undefined) | undefined;
  return rule?.(event.payload);
}

/** Everyone named, and the owner when known: each once, never the actor, ordered by id so that pages are stable. */
export function audienceOf(notice: Notice, ownerId: string | undefined): Recipient[] {
  const kinds = new Map<string, NotificationKind>();
  const add = (userId: string, kind: NotificationKind): void => {
    if (userId !== notice.actorId && !kinds.has(userId)) kinds.set(userId, kind);
  };
  for (const { kind, userIds } of notice.notified) for (const userId of userIds) add(userId, kind);
  if (notice.owner !== undefined && ownerId !== undefined) add(ownerId, notice.owner.kind);
  return [...kinds]
    .map(([recipientId, kind]) => ({ recipientId, kind }))
    .sort((a, b) => (a.recipientId < b.recipientId ? -1 : 1));
}

/** The part of the audience after `cursor`, at most `limit` people. */
export function pageOf(
  audience: readonly Recipient[],
  cursor: string | null,
  limit: number,
): { readonly recipients: readonly Recipient[]; readonly next: string | null } {
  const rest = cursor === null ? audience : audience.filter(({ recipientId }) => recipientId > cursor);
  const recipients = rest.slice(0, limit);
  return { recipients, next: rest.length > limit ? (recipients.at(-1)?.recipientId ?? null) : null };
}

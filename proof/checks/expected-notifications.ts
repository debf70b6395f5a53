import { type TrueEvent, type Truth, idIn, idsIn, isDeleted } from './truth';

/**
 * - `due`: must be there, once, not taken back
 * - `none`: must not be there, or be taken back
 * - `either`: depends on who was quicker, and both are right (a person who left may have been notified before)
 */
export type Presence = 'due' | 'none' | 'either';

export interface ExpectedNotification {
  readonly eventId: string;
  readonly recipientId: string;
  readonly kind: string;
  readonly inApp: boolean;
  readonly presence: Presence;
  /** What it is about was archived for a while: no e-mail went out meanwhile. */
  readonly wasHidden?: boolean;
}

type Recipient = readonly [recipientId: string, kind: string];

/** Who must have been notified of what, by the rules of the product and the tables alone. Keys: `event recipient`. */
export function expectedNotifications(truth: Truth): Map<string, ExpectedNotification> {
  const takenBack = latestRetractions(truth);
  const changedFollows = followsThatChanged(truth);
  const expected = new Map<string, ExpectedNotification>();
  for (const event of truth.events) {
    const actor = actorOf(event);
    for (const [recipientId, kind] of audience(truth, event, changedFollows)) {
      const key = `${event.id} ${recipientId}`;
      // Named twice, notified once, of the first reason; and no one is notified of what they did themselves.
      if (recipientId === actor || recipientId === '' || expected.has(key)) continue;
      const changed = kind === 'live.started' && changedFollows.has(`${actor} ${recipientId}`);
      const presence = presenceOf(truth, event, actor, takenBack);
      const unsure = changed || truth.gone.has(recipientId) || truth.gone.get(actor) === 'hidden';
      expected.set(key, {
        eventId: event.id,
        recipientId,
        kind,
        inApp: truth.preferences.get(`${recipientId} ${kind} in_app`) ?? true,
        presence: presence === 'due' && unsure ? 'either' : presence,
        ...(takenBack.has(`archived ${aboutPost(truth, event.payload)}`) ? { wasHidden: true } : {}),
      });
    }
  }
  return expected;
}

/** `followee follower` of every follow that began or ended during the run: who was notified of a stream is a matter of when. */
function followsThatChanged({ events, endedFollows }: Truth): Set<string> {
  const changes = events.filter(({ type }) => type === 'follow.added' || type === 'follow.removed');
  const pairs = changes.map(({ payload }) => `${idIn(payload, 'followee_id')} ${idIn(payload, 'follower_id')}`);
  return new Set([...pairs, ...endedFollows]);
}

/** Who caused the event; empty for the system. */
function actorOf({ type, payload }: TrueEvent): string {
  if (type === 'security.alert.raised') return '';
  return idIn(payload, 'sender_id') || idIn(payload, 'follower_id') || idIn(payload, 'user_id');
}

function audience(truth: Truth, event: TrueEvent, changedFollows: ReadonlySet<string>): Recipient[] {
  const { type, payload } = event;
  const mentioned = (kind: string): Recipient[] => idsIn(payload, 'mentioned_user_ids').map((id) => [id, kind]);
  switch (type) {
    case 'message.persisted':
      return [
        ...mentioned('message.mention'),
        ...idsIn(payload, 'recipient_ids').map((id) => [id, 'message.received'] as const),
      ];
    case 'content.post.created':
      return payload['status'] === 'draft' ? [] : mentioned('post.mention');
    case 'content.post.status_updated':
      return mentionedInDraft(truth, event);
    case 'comment.created':
      return [
        ...mentioned('comment.mention'),
        [truth.posts.get(idIn(payload, 'post_id'))?.authorId ?? '', 'comment.received'],
      ];
    case 'reaction.added':
      return [[ownerOfTarget(truth, payload), 'reaction.received']];
    case 'follow.added':
      return [[idIn(payload, 'followee_id'), 'follow.received']];
    case 'security.alert.raised':
      return [[idIn(payload, 'user_id'), 'security.alert']];
    case 'live.stream.started': {
      const streamer = idIn(payload, 'user_id');
      const dropped = [...changedFollows]
        .filter((pair) => pair.startsWith(`${streamer} `))
        .map((pair) => pair.slice(-36));
      return [...new Set([...(truth.followers.get(streamer) ?? []), ...dropped])].map((id) => [id, 'live.started']);
    }
    default:
      return [];
  }
}

/** Whom a draft mentions is notified of its first publication. */
function mentionedInDraft({ events }: Truth, { id, payload }: TrueEvent): Recipient[] {
  const ofPost = events.filter((other) => idIn(other.payload, 'post_id') === idIn(payload, 'post_id'));
  const created = ofPost.find(({ type }) => type === 'content.post.created');
  const first = ofPost.find(
    (other) => other.type === 'content.post.status_updated' && other.payload['new_status'] === 'published',
  );
  if (created?.payload['status'] !== 'draft' || first?.id !== id) return [];
  return idsIn(created.payload, 'mentioned_user_ids').map((userId) => [userId, 'post.mention']);
}

function ownerOfTarget(truth: Truth, payload: TrueEvent['payload']): string {
  const target = idIn(payload, 'target_id');
  const post = truth.posts.get(target)?.authorId;
  return post ?? truth.messages.get(target)?.ownerId ?? truth.comments.get(target)?.ownerId ?? '';
}

function presenceOf(truth: Truth, event: TrueEvent, actor: string, takenBack: ReadonlyMap<string, number>): Presence {
  const { payload, type } = event;
  if (truth.gone.get(actor) === 'deleted') return 'none';
  const target = idIn(payload, 'target_id');
  const postId = aboutPost(truth, payload);
  if (takenBack.has(postId) || truth.posts.get(postId)?.status === 'deleted') return 'none';
  // What others said of an archived post is hidden as long as it is, and not taken back.
  const ofPosts = type.startsWith('content.');
  if (ofPosts && (takenBack.get(`archived ${postId}`) ?? 0) > event.sequence) return 'none';
  const messageId = idIn(payload, 'message_id') || target;
  if (truth.messages.get(messageId)?.deleted === true) return 'none';
  if (type === 'reaction.added' && (takenBack.get(reactionKey(payload)) ?? 0) > event.sequence) return 'none';
  if (type === 'follow.added' && (takenBack.get(followKey(payload)) ?? 0) > event.sequence) return 'none';
  // The post went with its author: what others were notified of may have been taken back or not.
  return isDeleted(truth, postId) ? 'either' : 'due';
}

/** The post that a notice of this is about. */
function aboutPost(truth: Truth, payload: TrueEvent['payload']): string {
  const target = idIn(payload, 'target_id');
  return idIn(payload, 'post_id') || (truth.comments.get(target)?.postId ?? target);
}

/**
 * Sequence of the last event that took back the notifications of an archived post, a reaction or a follow before it; and which
 * posts were deleted. A reaction or a follow written again replaces the notice of the one before.
 */
function latestRetractions({ events }: Pick<Truth, 'events'>): Map<string, number> {
  const latest = new Map<string, number>();
  for (const { type, payload, sequence } of events) {
    const deletesPost = type === 'content.post.deleted' || payload['new_status'] === 'deleted';
    if (deletesPost) latest.set(idIn(payload, 'post_id'), sequence);
    if (payload['new_status'] === 'archived') latest.set(`archived ${idIn(payload, 'post_id')}`, sequence);
    if (type === 'reaction.removed' || type === 'reaction.added') latest.set(reactionKey(payload), sequence);
    if (type === 'follow.removed' || type === 'follow.added') latest.set(followKey(payload), sequence);
  }
  return latest;
}

function reactionKey(payload: TrueEvent['payload']): string {
  return ['target_id', 'user_id', 'emoji'].map((field) => idIn(payload, field)).join(':');
}

function followKey(payload: TrueEvent['payload']): string {
  return `follow ${idIn(payload, 'follower_id')} ${idIn(payload, 'followee_id')}`;
}

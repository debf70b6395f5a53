import { type Notice } from '../../contracts/events/consequences';
import { contentOf } from '../../contracts/consequences';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { NovaError } from '../../contracts/failures';
import { type ExternalChannel } from '../../contracts/notification-kinds';
import { faultPoint } from '../../runtime/fault-points';
import { type Recipient, audienceOf, pageOf } from './audience';
import { chooseChannels } from './channel-choice';
import { type NotifyDeps, limitsOf } from './deps';
import { noticeFor } from '../stores/notice-for';
import { isWorthWaiting, ownerOf } from './owner';
import { refuseWhileHeld } from '../stores/held';
import { type Verdict, verdictOn } from './voided';

/** What one page, or all of them, came to. */
export interface InAppResult {
  /** Notifications made by this call: people notified for the first time. */
  readonly created: number;
  /** Where the next page begins; null: that was all. */
  readonly next: string | null;
  /** Channels with deliveries still to be made; known with the last page. */
  readonly channels: readonly ExternalChannel[];
  /** What the event is about was deleted meanwhile: everything was taken back. */
  readonly stopped: boolean;
  /** The owner of what the event points to never became known: they were not notified, all others were. */
  readonly ownerUnknown: boolean;
}

/** Rows per statement of a retraction. */
const batch = 2_000;

const noOne: InAppResult = { created: 0, next: null, channels: [], stopped: false, ownerUnknown: false };

/**
 * Notifies one page of the people an event concerns, in their inbox, and leaves pending deliveries for the other channels.
 * Writes, then looks at the tombstones, then takes back what it wrote if it came too late.
 * @throws NovaError DELETE_SIGNALLED while a service has announced a delete whose event has not come
 * @throws NovaError TARGET_NOT_KNOWN_YET while the owner to be notified is unknown and patience lasts; all others are notified
 */
export async function notifyPage(deps: NotifyDeps, event: EventRef, cursor: string | null): Promise<InAppResult> {
  const record = await deps.events.load(event);
  const notice = await noticeFor(deps, record);
  if (notice === undefined) return noOne;
  const content = contentOf(record);
  // Posts are remembered by the feed.
  if (content !== undefined && content.contentType !== 'post' && cursor === null) {
    const { contentType, contentId, ...owner } = content;
    await deps.owners.remember(contentType, contentId, owner);
    await faultPoint('notify.owner-remembered');
  }
  const owner = await ownerOf(deps, notice);
  const before = await verdictOn(deps.tombstones, notice, event, owner.postId);
  refuseWhileHeld(before.heldMs, event);
  const { recipients, next } = await recipientsOf(deps, notice, owner.ownerId, cursor);
  await faultPoint('notify.recipients-chosen');
  const created = await write(deps, record, notice, recipients);
  await faultPoint('notify.inbox-written');
  const verdict = await lookAgain(deps, event, notice, owner.postId);
  if (verdict.voided) {
    await takeBack(deps, record, verdict);
    return { ...noOne, stopped: true };
  }
  if (created > 0 && cursor === null) deps.meter?.done(event, 'inbox', 'first');
  const ownerUnknown = notice.owner !== undefined && owner.ownerId === undefined;
  if (ownerUnknown && next === null && (await isWorthWaiting(deps, event, notice))) {
    throw new NovaError(
      'TARGET_NOT_KNOWN_YET',
      `the owner of ${notice.owner?.contentType} ${notice.owner?.contentId}, which event ${event.eventId} points to`,
    );
  }
  if (next === null && (created > 0 || cursor !== null)) deps.meter?.done(event, 'inbox', 'last');
  return {
    created,
    next,
    channels: next === null ? await deps.store.openChannels(event.eventId) : [],
    stopped: false,
    ownerUnknown,
  };
}

async function recipientsOf(
  deps: NotifyDeps,
  notice: Notice,
  ownerId: string | undefined,
  cursor: string | null,
): Promise<{ readonly recipients: readonly Recipient[]; readonly next: string | null }> {
  const { pageSize } = limitsOf(deps);
  const { followersOf } = notice;
  if (followersOf === undefined) return pageOf(audienceOf(notice, ownerId), cursor, pageSize);
  const page = await deps.followers.page(followersOf.userId, cursor, pageSize);
  const recipients = page.followerIds
    .filter((follower) => follower !== notice.actorId)
    .map((recipientId) => ({ recipientId, kind: followersOf.kind }));
  return { recipients, next: page.next };
}

async function write(
  deps: NotifyDeps,
  event: EventRecord,
  notice: Notice,
  recipients: readonly Recipient[],
): Promise<number> {
  if (recipients.length === 0) return 0;
  const preferences = await deps.preferences.of(
    recipients.map(({ recipientId }) => recipientId),
    [...new Set(recipients.map(({ kind }) => kind))],
  );
  const rows = chooseChannels(recipients, preferences, new Set(deps.channels.keys()));
  const { eventId, sequence } = event;
  const { actorId, subject, item } = notice;
  const head = { eventId, sequence, actorId, subject, item };
  const usual = limitsOf(deps).sendsPerActorPerHour;
  const perWindow = Object.fromEntries(
    [...deps.channels].map(([name, { limits }]) => [name, limits?.sendsPerActorPerHour ?? usual]),
  );
  const limit = { perWindow, windowMs: 3_600_000 };
  const created = await deps.store.create(head, rows, limit);
  for (const { recipientId, kind } of recipients) await deps.store.keepNewest(kind, head, recipientId);
  return created;
}

/**
 * The look after the write. The post of a comment is asked for again, since the comment's own event may have run between:
 * either it is known by now, or that event looks after we wrote.
 */
async function lookAgain(
  deps: NotifyDeps,
  event: EventRef,
  { owner, ...notice }: Notice,
  postId: string | undefined,
): Promise<Verdict> {
  const known =
    postId === undefined && owner?.contentType === 'comment'
      ? (await deps.owners.ownerOf('comment', owner.contentId))?.postId
      : postId;
  return verdictOn(deps.tombstones, notice, event, known);
}

/** What an event created goes with all that hangs on it: the delete did not know the one from the other. */
async function takeBack({ store }: NotifyDeps, event: EventRecord, { contentGone }: Verdict): Promise<void> {
  while ((await store.retract({ by: 'event', eventId: event.eventId }, batch)).more);
  const content = contentOf(event);
  if (content === undefined || content.contentType === 'post' || !contentGone) return;
  const subject = { type: content.contentType, id: content.contentId };
  while ((await store.retract({ by: 'subject', subject }, batch)).more);
}

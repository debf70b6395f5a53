import { type Notice } from '../../contracts/events/consequences';
import { randomUUID } from 'node:crypto';
import { type EventRef } from '../../contracts/event-ref';
import { NovaError } from '../../contracts/failures';
import { codeOf } from '../../runtime/errors';
import { faultPoint } from '../../runtime/fault-points';
import { type ExternalChannel, notificationKinds } from '../../contracts/notification-kinds';
import { type DeliveryChannel, type SendOutcome } from './channel';
import { type ClaimedDelivery, type DeliveryCounts, type DeliverySettlement } from './pg-delivery-ledger';
import { withHeartbeat } from './this-activity';
import { skipReasons, stillSwitchedOn } from './channel-choice';
import { type NotifyDeps, limitsOf } from './deps';
import { type Composed, sendToAll } from './destinations';
import { noticeFor } from '../stores/notice-for';
import { ownerOf } from './owner';
import { refuseWhileHeld } from '../stores/held';
import { verdictOn } from './voided';

/** A claim whose lease is just ending is not asked for again more often than this. */
const shortestLookMs = 1_000;
/** A channel that a person holds back is looked at so often: it may be resumed early. */
const longestPausedLookMs = 10_000;
const hourMs = 3_600_000;

/** What the senders of one attempt share. */
interface SendingAttempt {
  readonly deps: NotifyDeps;
  readonly event: EventRef;
  readonly notice: Notice;
  readonly channel: DeliveryChannel;
  readonly token: string;
  readonly postId: string | undefined;
  /** Set when going on makes no sense: the channel is down, the activity was cancelled, or a sender failed. */
  halted: boolean;
  waiting: { says: string; retryAfterMs: number | undefined } | undefined;
}

/**
 * Sends every pending delivery of an event on one channel, each claimed in the ledger before it is sent. What was surely
 * not sent stays pending for the next attempt; what may have been sent is never sent again.
 *
 *   pending ──claim──▶ claimed ──▶ sent | failed | unknown | skipped
 *      ▲                  │  not sent
 *      └──────────────────┘            claimed, holder gone ──lease over──▶ unknown
 *
 * @returns how many deliveries of the event ended in each state
 * @throws NovaError CHANNEL_UNAVAILABLE, PAUSED_BY_HAND while deliveries are pending, DELIVERY_IN_FLIGHT while another attempt holds some
 */
export async function deliver(deps: NotifyDeps, event: EventRef, name: ExternalChannel): Promise<DeliveryCounts> {
  const channel = deps.channels.get(name);
  const notice = await noticeFor(deps, await deps.events.load(event));
  if (channel === undefined || notice === undefined) {
    await deps.ledger.skipPending(event.eventId, name, skipReasons.channelOff);
    return deps.ledger.counts(event.eventId, name);
  }
  const limits = limitsOf(deps);
  const { postId } = await ownerOf(deps, notice);
  await deps.ledger.giveUpClaims(event.eventId, name, limits.claimLeaseMs);
  await withHeartbeat(async (cancelled) => {
    const token = randomUUID();
    const attempt: SendingAttempt = { deps, event, notice, channel, token, postId, halted: false, waiting: undefined };
    const senders = Array.from({ length: channel.limits?.sendConcurrency ?? limits.sendConcurrency }, () =>
      sendInTurn(attempt, cancelled),
    );
    const failed = (await Promise.allSettled(senders)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    cancelled.throwIfAborted();
    await refuseToEndEarly(attempt, limits.claimLeaseMs);
  });
  return deps.ledger.counts(event.eventId, name);
}

async function sendInTurn(attempt: SendingAttempt, cancelled: AbortSignal): Promise<void> {
  const { deps, event, channel, token } = attempt;
  try {
    while (!attempt.halted && !cancelled.aborted) {
      const claimed = await deps.ledger.claimNext(event.eventId, channel.name, token);
      if (claimed === undefined) return;
      const settlement = await sendOne(attempt, claimed);
      const isOurs = await deps.ledger.settle(claimed, settlement);
      if (isOurs && settlement.state === 'sent') deps.meter?.done(event, channel.name, 'first', 'last');
      await faultPoint('notify.delivery-settled');
    }
  } catch (thrown) {
    attempt.halted = true;
    throw thrown;
  }
}

async function sendOne(attempt: SendingAttempt, claimed: ClaimedDelivery): Promise<DeliverySettlement> {
  const message = await composed(attempt, claimed).catch((thrown: unknown) => giveBack(attempt, claimed, thrown));
  if ('state' in message) return message;
  const outcome = await sendToAll(attempt.channel, message);
  await faultPoint('notify.delivery-sent');
  return settlementOf(attempt, claimed, outcome);
}

/**
 * Looks once more whether the person may and wants to be notified, after the claim and right before the send: a delivery may
 * have waited out an outage of days. A channel that is locked for the kind cannot be switched off here either.
 */
async function composed(attempt: SendingAttempt, claimed: ClaimedDelivery): Promise<Composed | DeliverySettlement> {
  await faultPoint('notify.delivery-claimed');
  const { deps, event, notice, channel } = attempt;
  const { recipientId, actorId, kind } = claimed;
  const verdict = await verdictOn(deps.tombstones, notice, event, attempt.postId);
  const wanted = !verdict.voided && !verdict.hidden && (await deps.store.stillWanted(event.eventId, recipientId));
  if (!wanted) return { state: 'skipped', reason: skipReasons.retracted };
  refuseWhileHeld(verdict.heldMs, event);
  if (!stillSwitchedOn(kind, channel.name, await deps.preferences.of([recipientId], [kind])))
    return { state: 'skipped', reason: skipReasons.switchedOff };
  if (claimed.claimedAtMs - event.createdAtMs > notificationKinds[kind].expiresAfterHours * hourMs)
    return { state: 'skipped', reason: skipReasons.tooOld };
  const contact = await deps.users.contactOf(recipientId);
  const destinations = contact === undefined ? [] : channel.destinations(contact);
  if (destinations.length === 0) return { state: 'skipped', reason: skipReasons.noAddress };
  const actorName = actorId === null ? undefined : (await deps.users.contactOf(actorId))?.displayName;
  const message = channel.compose({ kind, actorName, detail: notice.detail });
  return { deliveryId: `${event.eventId}.${recipientId}`, destinations, message };
}

/** What failed before the send was surely not sent: the next attempt takes it, instead of its ending as unknown. */
async function giveBack({ deps }: SendingAttempt, claimed: ClaimedDelivery, thrown: unknown): Promise<never> {
  await deps.ledger.settle(claimed, { state: 'pending', reason: codeOf(thrown) ?? 'FAILED_BEFORE_SEND' }).catch(() => {
    // PostgreSQL is away: the claim's lease ends it.
  });
  throw thrown;
}

function settlementOf(attempt: SendingAttempt, claimed: ClaimedDelivery, outcome: SendOutcome): DeliverySettlement {
  if (outcome.kind === 'accepted') return { state: 'sent', providerId: outcome.providerId };
  const { deps, event } = attempt;
  const fields = {
    event_id: event.eventId,
    recipient_id: claimed.recipientId,
    channel: claimed.channel,
    reason: outcome.reason,
  };
  switch (outcome.kind) {
    case 'refused':
      deps.logger.warn(fields, 'delivery refused for good');
      return { state: 'failed', reason: outcome.reason };
    case 'unknown':
      deps.logger.error(fields, 'delivery unknown: the reply was lost; it is not sent again by itself');
      return { state: 'unknown', reason: outcome.reason };
    case 'not_sent':
      attempt.waiting = { says: saysOf(outcome), retryAfterMs: outcome.retryAfterMs ?? attempt.waiting?.retryAfterMs };
      if (outcome.scope === 'channel') attempt.halted = true;
      return { state: 'pending', reason: outcome.reason };
  }
}

const saysOf = ({ reason, detail }: Extract<SendOutcome, { kind: 'not_sent' }>): string =>
  detail === undefined ? reason : `${reason}: ${detail}`;

/** An attempt is over only when no delivery is: otherwise Temporal's retry takes what is left. */
async function refuseToEndEarly(
  { deps, event, channel, waiting }: SendingAttempt,
  claimLeaseMs: number,
): Promise<void> {
  const { pending, claimed } = await deps.ledger.counts(event.eventId, channel.name);
  const pause = pending > 0 ? await deps.ledger.pauseOf(channel.name) : undefined;
  if (pause !== undefined) {
    const { reason, pausedBy, endsAt, leftMs } = pause;
    throw new NovaError(
      'PAUSED_BY_HAND',
      `${pending} deliveries by ${channel.name} wait: paused by ${pausedBy} until ${endsAt.toISOString()}: ${reason}`,
      // It may be resumed before.
      { retryAfterMs: Math.max(shortestLookMs, Math.min(leftMs, longestPausedLookMs)) },
    );
  }
  if (pending > 0) {
    throw new NovaError(
      'CHANNEL_UNAVAILABLE',
      `${pending} deliveries by ${channel.name} wait: ${waiting?.says ?? 'given back by another attempt'}`,
      { retryAfterMs: waiting?.retryAfterMs },
    );
  }
  if (claimed > 0) {
    throw new NovaError(
      'DELIVERY_IN_FLIGHT',
      `${claimed} deliveries by ${channel.name} are claimed by another attempt`,
      {
        retryAfterMs: Math.max(
          shortestLookMs,
          await deps.ledger.leaseLeftMs(event.eventId, channel.name, claimLeaseMs),
        ),
      },
    );
  }
}

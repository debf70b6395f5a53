import { type Notice } from '../../contracts/events/consequences';
import { type EventRef } from '../../contracts/event-ref';
import { type ContentOwner } from '../stores/pg-content-owners';
import { isLocalTry, scheduledAgoMs } from './this-activity';
import { type NotifyDeps, limitsOf } from './deps';

/** The owner of what the event points to: from the event itself, or from what events that took effect said. */
export async function ownerOf(
  { owners }: Pick<NotifyDeps, 'owners'>,
  { owner }: Notice,
): Promise<Partial<ContentOwner>> {
  if (owner === undefined) return {};
  const { contentType, contentId, ownerId } = owner;
  // A comment is looked up even when its owner is named: its post is what a delete will name.
  if (ownerId !== undefined && contentType !== 'comment') return { ownerId };
  const known = await owners.ownerOf(contentType, contentId);
  return { ...known, ...(ownerId === undefined ? {} : { ownerId }) };
}

/**
 * Whether an unknown owner is worth waiting for: two minutes, and as long as events that may say are not over, through an outage
 * or in a backlog. They may be in the outbox of another service, which is not read: its bridge reports how far it is. The wait
 * holds up no one else: an event with such an owner notifies only the owner.
 */
export async function isWorthWaiting(deps: NotifyDeps, event: EventRef, { owner }: Notice): Promise<boolean> {
  if (owner === undefined) return false;
  const { ownerPatienceMs } = limitsOf(deps);
  if (isLocalTry() || scheduledAgoMs() < ownerPatienceMs) return true;
  return deps.progress.isComing(owner.contentType, event.createdAtMs + ownerPatienceMs, ownerPatienceMs);
}

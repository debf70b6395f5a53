import { type Notice } from '../../contracts/events/consequences';
import { type EventRef } from '../../contracts/event-ref';
import { authorInOutbox } from '../stores/post-author';
import { type ContentOwner } from '../stores/pg-content-owners';
import { isLocalTry, scheduledAgoMs } from './this-activity';
import { type NotifyDeps, limitsOf } from './deps';

type Deps = Pick<NotifyDeps, 'owners' | 'history' | 'events'>;

/**
 * The owner of what the event points to: from the event itself, from what earlier events said, or, for a post, from the
 * outbox, where its creation may still wait for its turn.
 */
export async function ownerOf(deps: Deps, { owner }: Notice): Promise<Partial<ContentOwner>> {
  if (owner === undefined) return {};
  const { contentType, contentId, ownerId } = owner;
  // A comment is looked up even when its owner is named: its post is what a delete will name.
  if (ownerId !== undefined && contentType !== 'comment') return { ownerId };
  const known = await deps.owners.ownerOf(contentType, contentId);
  if (known === undefined && contentType === 'post') {
    const author = await authorInOutbox(deps, contentId);
    return author === undefined ? {} : { ownerId: author };
  }
  return { ...known, ...(ownerId === undefined ? {} : { ownerId }) };
}

/**
 * Whether an unknown owner is worth waiting for. Two minutes are enough for a post, whose event is not even in the outbox.
 * Messages and comments cannot be looked up there: as long as events that may say are not over, through an outage or in a
 * backlog, they are waited for. It holds up no one else: an event with such an owner notifies only the owner.
 */
export async function isWorthWaiting(deps: NotifyDeps, event: EventRef, { owner }: Notice): Promise<boolean> {
  if (owner === undefined) return false;
  const { ownerPatienceMs } = limitsOf(deps);
  if (isLocalTry() || scheduledAgoMs() < ownerPatienceMs) return true;
  if (owner.contentType === 'post') return false;
  return deps.owners.isComing(owner.contentType, event.createdAtMs + ownerPatienceMs, ownerPatienceMs);
}

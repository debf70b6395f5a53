import { type EventRef } from '../../contracts/event-ref';
import { NovaError } from '../../contracts/failures';
import { type PgTombstones, type TombstoneKey } from './pg-tombstones';

/** The delete's own event may come at any moment, so a hold is looked at this often. */
const lookEveryMs = 5_000;

/**
 * While a service has signalled a delete, nothing goes out and nothing is taken back: the run waits. It ends with the
 * delete's event, or goes on when the hold is over without one (docs/decisions/0014-held-not-deleted.md).
 * @throws NovaError DELETE_SIGNALLED
 */
export function refuseWhileHeld(heldMs: number, { eventId }: EventRef): void {
  if (heldMs === 0) return;
  throw new NovaError(
    'DELETE_SIGNALLED',
    `what event ${eventId} is about is held back for ${Math.ceil(heldMs / 1_000)} s, unless its delete comes first`,
    { retryAfterMs: Math.min(heldMs, lookEveryMs) },
  );
}

/** The same for a post and its author. What is deleted for good is not held: it is for the caller to see that it is gone. */
export async function refuseHeldPost(
  tombstones: PgTombstones,
  { postId, authorId }: { readonly postId: string; readonly authorId: string },
  event: EventRef,
): Promise<void> {
  const subjects: TombstoneKey[] = [
    { type: 'post', id: postId },
    { type: 'user', id: authorId },
  ];
  const states = await tombstones.states(subjects);
  if (!states.some(({ final }) => final)) refuseWhileHeld(Math.max(0, ...states.map(({ heldMs }) => heldMs)), event);
}

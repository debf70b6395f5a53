import { type EventRef } from '../../contracts/event-ref';
import { NovaError } from '../../contracts/failures';
import { type Verdict } from './voided';

/** The delete's own event may come at any moment, so the hold is looked at this often. */
const lookEveryMs = 10_000;

/**
 * While a service has signalled a delete, nothing goes out and nothing is taken back: the run waits. It ends with the
 * delete's event, or goes on when the hold is over without one.
 * @throws NovaError DELETE_SIGNALLED
 */
export function refuseWhileHeld({ voided, heldMs }: Verdict, { eventId }: EventRef): void {
  if (voided || heldMs === 0) return;
  throw new NovaError(
    'DELETE_SIGNALLED',
    `what event ${eventId} is about is held back for ${Math.ceil(heldMs / 1_000)} s, unless its delete comes first`,
    { retryAfterMs: Math.min(heldMs, lookEveryMs) },
  );
}

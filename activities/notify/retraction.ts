import { Context } from '@temporalio/activity';
import { tombstoneOf } from '../../contracts/consequences';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { type Tombstone, usersOfFollow } from '../../contracts/events/consequences';
import { domainOfSubject } from '../../contracts/sequence-domains';
import { faultPoint } from '../../runtime/fault-points';
import { type NotifyDeps } from './deps';
import { type Retraction } from './pg-notification-store';

/** What a deleting event takes back, and the tombstone that keeps latecomers out. */
export interface RetractionPlan {
  readonly tombstone: Tombstone;
  readonly retraction: Retraction;
}

/** What the event takes back; undefined: nothing. */
export function retractionOf(event: EventRecord): RetractionPlan | undefined {
  const tombstone = tombstoneOf(event);
  const retraction = tombstone && noticesVoidedBy(tombstone);
  return retraction && { tombstone, retraction };
}

function noticesVoidedBy({ subjectType, subjectId: id, sequence, final }: Tombstone): Retraction | undefined {
  // Of an archived post only the notices of its own service are taken back: readers and senders hide the others.
  const before = final ? undefined : { sequence, domain: domainOfSubject[subjectType] };
  switch (subjectType) {
    case 'post':
    case 'message':
      return { by: 'subject', subject: { type: subjectType, id }, before };
    case 'reaction':
      return { by: 'reaction', reactionId: id, before };
    case 'follow':
      return { by: 'follow', ...usersOfFollow(id), before };
    case 'user':
      // Of one who is only hidden nothing is taken back: readers and senders hide it as long as they are.
      return final ? { by: 'actor', actorId: id } : undefined;
  }
}

/** Rows per statement: short enough that an inbox never waits for it. */
const batch = 2_000;

/** Sets the tombstone, then takes back the notifications and gives up their pending deliveries. */
export async function retract(deps: NotifyDeps, event: EventRef): Promise<{ retracted: number }> {
  const plan = retractionOf(await deps.events.load(event));
  if (plan === undefined) return { retracted: 0 };
  await deps.tombstones.set(plan.tombstone);
  await faultPoint('notify.tombstone-set');
  let retracted = 0;
  for (;;) {
    const { count, more } = await deps.store.retract(plan.retraction, batch);
    retracted += count;
    await faultPoint('notify.batch-retracted');
    if (!more) return { retracted };
    Context.current().heartbeat();
  }
}

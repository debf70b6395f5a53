import { domainOf } from '../../contracts/catalogue';
import { type EventRef } from '../../contracts/event-ref';
import { type Domain } from '../../contracts/events/define';
import { type Notice } from '../../contracts/events/consequences';
import { domainOfSubject } from '../../contracts/sequence-domains';
import { type PgTombstones, type TombstoneKey, type TombstoneState } from '../stores/pg-tombstones';

/** What was deleted by now of what a notice is about, or of who caused it. */
export interface Verdict {
  /** No one may be notified of it (any more). */
  readonly voided: boolean;
  /** Its content is gone for good: all about it must go too. */
  readonly contentGone: boolean;
  /** What it is about is archived: inboxes do not list it as long as it is, and no message goes out. */
  readonly hidden: boolean;
  /** Milliseconds for which a signalled delete holds it back; 0: nothing does, or it is voided anyway. */
  readonly heldMs: number;
}

/** Asks for the verdict on a notice of this event. `postId`: of the comment it points to, if known. */
export async function verdictOn(
  tombstones: PgTombstones,
  notice: Pick<Notice, 'voidedBy'>,
  event: EventRef,
  postId: string | undefined,
): Promise<Verdict> {
  const subjects: TombstoneKey[] = [...notice.voidedBy];
  if (postId !== undefined && !subjects.some(({ type, id }) => type === 'post' && id === postId))
    subjects.push({ type: 'post', id: postId });
  const states = await tombstones.states(subjects);
  const domain = domainOf(event);
  const voided = states.some((state) => voids(state, domain, event.sequence));
  return {
    voided,
    contentGone: states.some(({ type, final }) => final && (type === 'post' || type === 'message')),
    hidden:
      !voided && states.some(({ type, sequence, overtaken }) => type === 'post' && sequence !== null && !overtaken),
    heldMs: voided ? 0 : Math.max(0, ...states.map(({ heldMs }) => heldMs)),
  };
}

/**
 * What is not final voids earlier events, and only those whose sequences are of the same domain: those of others say nothing of
 * earlier and later. A soft delete of a user voids nothing: readers and senders hide it, as they do what is about an archived post.
 */
function voids({ type, final, sequence: of }: TombstoneState, domain: Domain, sequence: number): boolean {
  return final || (type !== 'user' && domainOfSubject[type] === domain && of !== null && of >= sequence);
}

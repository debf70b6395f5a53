import { type Notice } from '../../contracts/events/consequences';
import { type PgTombstones, type TombstoneKey, type TombstoneState } from '../stores/pg-tombstones';

/** What was deleted by now of what a notice is about, or of who caused it. */
export interface Verdict {
  /** No one may be notified of it (any more). */
  readonly voided: boolean;
  /** Its content is gone: all about it (of events before `beforeSequence`, if given) must go too. */
  readonly contentGone: { readonly beforeSequence: number | undefined } | undefined;
  /** Milliseconds for which a signalled delete holds it back; 0: nothing does, or it is voided anyway. */
  readonly heldMs: number;
}

/** Asks for the verdict on a notice of the event with this sequence. `postId`: of the comment it points to, if known. */
export async function verdictOn(
  tombstones: PgTombstones,
  notice: Notice,
  sequence: number,
  postId: string | undefined,
): Promise<Verdict> {
  const subjects: TombstoneKey[] = [...notice.voidedBy];
  if (postId !== undefined && !subjects.some(({ type, id }) => type === 'post' && id === postId))
    subjects.push({ type: 'post', id: postId });
  const states = await tombstones.states(subjects);
  const voiding = states.filter((state) => voids(state, sequence));
  const content = voiding.filter(({ type }) => type === 'post' || type === 'message');
  return {
    voided: voiding.length > 0,
    contentGone: content.length === 0 ? undefined : { beforeSequence: reachOf(content) },
    heldMs: voiding.length > 0 ? 0 : Math.max(0, ...states.map(({ heldMs }) => heldMs)),
  };
}

/** A soft delete of a user voids nothing: readers and senders hide it. */
function voids({ type, final, sequence: of }: TombstoneState, sequence: number): boolean {
  return final || (type !== 'user' && of !== null && of >= sequence);
}

function reachOf(content: readonly TombstoneState[]): number | undefined {
  if (content.some(({ final }) => final)) return undefined;
  return Math.max(...content.map(({ sequence }) => sequence ?? 0));
}

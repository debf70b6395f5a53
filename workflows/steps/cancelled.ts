import { patched, upsertMemo } from '@temporalio/workflow';
import { memoNames } from '../../contracts/memo';

/**
 * Runs begun by earlier code ended a cancellation in other ways (as FAILED, or at once); their histories must replay as they
 * were. Asked only after something was cancelled, so an ordinary run gets no marker.
 */
export function gathersCancellation(): boolean {
  return patched('cancelled-ends-as-cancelled');
}

/**
 * Notes in the memo what a cancelled run leaves undone: a cancelled run has no failure whose message could say so. Returns
 * whether this run ends as cancelled.
 */
export function endsAsCancelled(undone: readonly string[]): boolean {
  if (!gathersCancellation()) return false;
  upsertMemo({ [memoNames.notDone]: [...undone] });
  return true;
}

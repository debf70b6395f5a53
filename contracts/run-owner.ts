import { memoNames } from './memo';
import { mainOutbox, outboxOf } from './outbox-name';

/** The outbox row that a run was started for. */
export interface RowOfRun {
  readonly eventId: string;
  /** Left out: `main`. */
  readonly outbox?: string;
  readonly sequence: number;
}

/**
 * Which row a run was started for, as its memo says. Only bridges and `nova replay` write that memo, and resets and
 * continuations keep it. Null: no outbox of ours started the run.
 */
export function startedFor(memo: Readonly<Record<string, unknown>> | undefined): RowOfRun | null {
  const { [memoNames.eventId]: eventId, [memoNames.sequence]: sequence, [memoNames.outbox]: outbox } = memo ?? {};
  if (typeof eventId !== 'string') return null;
  return {
    eventId,
    ...(typeof outbox === 'string' && outbox !== mainOutbox ? { outbox } : {}),
    sequence: typeof sequence === 'number' ? sequence : NaN,
  };
}

/**
 * Whose a run is, seen from a row that has its id:
 *
 * - `ours`     it was started for this row
 * - `twin`     it was started for another row of the same id, in this outbox or in another
 * - `foreign`  it is a stranger's: of another id, not from an outbox, or of a type that is not started for the row
 */
export type RunOwner = 'ours' | 'twin' | 'foreign';

/**
 * The one place that decides it. `workflowType`: what the row's event runs; leave it out where an older release may have started
 * another type for the event.
 */
export function runOwnerOf(
  run: { readonly startedFor: RowOfRun | null; readonly workflowType: string },
  row: RowOfRun & { readonly workflowType?: string },
): RunOwner {
  if (run.startedFor?.eventId !== row.eventId) return 'foreign';
  // Sequences of two outboxes say nothing beside each other, and may be equal.
  if (outboxOf(run.startedFor) !== outboxOf(row) || run.startedFor.sequence !== row.sequence) return 'twin';
  return row.workflowType === undefined || row.workflowType === run.workflowType ? 'ours' : 'foreign';
}

import { memoNames } from './memo';

/** The outbox row that a run was started for. */
export interface RowOfRun {
  readonly eventId: string;
  readonly sequence: number;
}

/**
 * Which row a run was started for, as its memo says. Only bridges and `ops replay` write that memo, and resets and
 * continuations keep it. Null: this outbox did not start the run.
 */
export function startedFor(memo: Readonly<Record<string, unknown>> | undefined): RowOfRun | null {
  const { [memoNames.eventId]: eventId, [memoNames.sequence]: sequence } = memo ?? {};
  if (typeof eventId !== 'string') return null;
  return { eventId, sequence: typeof sequence === 'number' ? sequence : NaN };
}

/**
 * Whose a run is, seen from a row that has its id:
 *
 * - `ours`     it was started for this row
 * - `twin`     this outbox started it, for another row of the same id
 * - `foreign`  it is a stranger's: of another id, not from this outbox, or of a type that this outbox does not start for the row
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
  if (run.startedFor.sequence !== row.sequence) return 'twin';
  return row.workflowType === undefined || row.workflowType === run.workflowType ? 'ours' : 'foreign';
}

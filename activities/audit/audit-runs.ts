import { type RowOfRun } from '../../contracts/run-owner';
import { type PendingActivity } from '../../runtime/pending-activity';

/** A run as visibility lists it: eventually consistent, good for suspicions only. */
export interface ListedRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  readonly status: RunStatus;
  readonly startedMs: number;
  /** The row that it was started for; null: this outbox did not start it. */
  readonly startedFor: RowOfRun | null;
  /** `critical` to `low`, or undefined. */
  readonly priority: string | undefined;
}

export type RunStatus =
  | 'RUNNING'
  | 'COMPLETED'
  | 'FAILED'
  | 'CANCELLED'
  | 'TERMINATED'
  | 'CONTINUED_AS_NEW'
  | 'TIMED_OUT'
  | 'PAUSED'
  | 'UNSPECIFIED'
  | 'UNKNOWN';

/** A run as Temporal's history service describes it: consistent. */
export interface DescribedRun extends ListedRun {
  readonly activities: readonly PendingActivity[];
  /** Attempts of the workflow task that is due now; more than one means that it fails. 0: none is due. */
  readonly taskAttempt: number;
  /** Null: open. */
  readonly closedMs: number | null;
  /** Effects that a cancelled run says it left undone. */
  readonly notDone: readonly string[];
}

/**
 * Temporal as the audit sees it. Lists are pages, read one after another at a bounded rate.
 * All methods throw NovaError as runtime/classify-temporal-error says, such as TEMPORAL_UNAVAILABLE.
 *
 * A port: the client of Temporal stays behind it, and unit tests describe the runs that a verdict is about.
 */
export interface AuditRuns {
  /** How long the namespace remembers closed runs, milliseconds. */
  retentionMs(): Promise<number>;
  /** Runs on the event queues of this deployment that were started in the window, Temporal's clock. */
  started(fromMs: number, toMs: number): AsyncIterable<ListedRun[]>;
  /** Runs of this deployment that failed, timed out, or were terminated or cancelled in the window. */
  endedBadly(fromMs: number, toMs: number): AsyncIterable<ListedRun[]>;
  /** Open runs of these workflow types that were started before the given times. */
  openSince(before: ReadonlyMap<string, number>): AsyncIterable<ListedRun[]>;
  /** Open runs of this deployment with a paused activity. Empty on a server that cannot list them. */
  paused(): AsyncIterable<ListedRun[]>;
  /** All runs with these workflow ids. */
  withIds(workflowIds: readonly string[]): Promise<ListedRun[]>;
  /** Completed runs that were started to replay this event. */
  completedReplays(eventId: string): Promise<number>;
  /** The newest run of this id, or null. */
  describe(workflowId: string): Promise<DescribedRun | null>;
  /** Id of the first run of the chain that this run belongs to: the same for resets and continuations. Null: it is gone. */
  chainOf(workflowId: string, runId: string): Promise<string | null>;
}

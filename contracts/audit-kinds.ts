/**
 * What the audit can find. `unexplained` is the number that must be zero; `person` is known, and waits for a person, since
 * nothing ends it by itself; `explained` is counted so that people see it, and needs no action.
 */
export type AuditClass = 'unexplained' | 'person' | 'explained';

interface AuditEntry {
  readonly class: AuditClass;
  readonly meaning: string;
  readonly action: string;
}

export const auditKinds = {
  marked_without_run: {
    class: 'unexplained',
    meaning: 'The row is marked as started, within retention, but Temporal does not know a run of ours with its id.',
    action:
      'Was the run deleted, or Temporal restored from a backup? Nothing repeats it by itself: npx nova replay <id>.',
  },
  run_without_row: {
    class: 'unexplained',
    meaning: 'A run on our queues has no outbox row: a failover lost the row, or a stranger started it.',
    action:
      'Compare with the business tables: after a failover the event may never have happened. Check synchronous_commit.',
  },
  run_unmarked: {
    class: 'unexplained',
    meaning: 'The run was started long ago, but its row is not marked, and nothing says why.',
    action:
      'Look at the bridges; a repeated start is harmless and marks the row. A dead letter of this kind: requeue it.',
  },
  two_runs: {
    class: 'unexplained',
    meaning: 'The event was started twice: two chains of runs with its id.',
    action:
      'Find who started the second one (its start request in the history); effects are kept single by their ledgers.',
  },
  open_past_budget: {
    class: 'unexplained',
    meaning: 'The run is open past the budget of its type, and no failure, outage or heartbeat says what it waits for.',
    action: 'Open it in the Web UI: a workflow task that fails again and again, or an activity that hangs.',
  },
  stuck: {
    class: 'unexplained',
    meaning: 'The row is pending past its budget without a lease, an error to come back from, a pause or an outage.',
    action: 'Is a bridge running? If so, the claim passes this row by.',
  },
  lease_over: {
    class: 'unexplained',
    meaning: 'The row’s lease ended long ago and no living bridge takes it over.',
    action: 'Start a bridge: it claims the row and goes on.',
  },
  lost_emit: {
    class: 'unexplained',
    meaning: 'The row is published and not on Kafka, and no open run will send it.',
    action: 'npx nova replay <id>: it emits again, in order.',
  },
  emitted_twice: {
    class: 'unexplained',
    meaning: 'Kafka got the event again after it was marked as emitted.',
    action: 'Subscribers drop it by event_id. Find who sent it; then acknowledge the finding.',
  },
  emitted_without_record: {
    class: 'unexplained',
    meaning: 'The row is marked as emitted, but Kafka does not have it.',
    action:
      'Was the topic recreated, or did Kafka lose acknowledged data (acks, min.insync.replicas)? Emit it by hand.',
  },
  record_without_row: {
    class: 'unexplained',
    meaning: 'Kafka has an event whose row does not exist.',
    action: 'As for run_without_row: a failover lost the row, or a stranger writes to our topic.',
  },
  feed_differs: {
    class: 'unexplained',
    meaning:
      'A reader’s feed in Redis lacks posts that the tables say belong there, or has others, and no event about it is under way.',
    action:
      'The ids are those of readers. npx nova rebuild-feeds <id>; several at once: without an id, every feed. Find who writes to Redis.',
  },
  failed_run: {
    class: 'person',
    meaning:
      'The run failed, timed out, or was terminated or cancelled. Open until a better run or a person ends it, also when Temporal has forgotten the run.',
    action:
      'Read why (npx nova show), repair the cause, then: npx nova replay <id>. Or: npx nova audit --acknowledge <id>.',
  },
  open_paused: {
    class: 'person',
    meaning:
      'An activity of the run is paused: no attempt comes until a person unpauses it, whatever its dependency does.',
    action: 'npx nova show <id> names who paused it and since when, and the command that unpauses it.',
  },
  dead_letter: {
    class: 'explained',
    meaning: 'Given up, with a reason.',
    action: 'npx nova dead-letters',
  },
  discarded: {
    class: 'explained',
    meaning: 'A run or a message without a row, which was a dead letter that a person discarded.',
    action: 'Nothing. npx nova acts --of <id> says who, when and why.',
  },
  waiting: {
    class: 'explained',
    meaning:
      'Pending past its budget for a reason that shows: an error with its next attempt, a lease, a pause, an outage, its place behind others or behind a dead letter that holds.',
    action: 'npx nova status',
  },
  open_waiting: {
    class: 'explained',
    meaning: 'Open past its budget for a reason that shows: a dependency that is down, or work that goes on.',
    action: 'Nothing, unless the dependency needs you.',
  },
  signal_without_delete: {
    class: 'explained',
    meaning:
      'A service signalled a delete (signalDeleted) and no delete event has come: what was held back has gone on.',
    action:
      'Nothing, if the event waits in the outbox. Else the service signals before its COMMIT, or publishes no event.',
  },
  redelivered: {
    class: 'explained',
    meaning: 'On Kafka more than once, sent again before the mark: at-least-once as documented.',
    action: 'Nothing: subscribers drop what they know by event_id.',
  },
} as const satisfies Record<string, AuditEntry>;

export type AuditKind = keyof typeof auditKinds;

export const auditKindNames = Object.keys(auditKinds) as AuditKind[];

/** Kinds whose findings are kept until they are gone: all but the explained ones. */
export type FindingKind = {
  [K in AuditKind]: (typeof auditKinds)[K]['class'] extends 'explained' ? never : K;
}[AuditKind];

export const unexplainedKinds = auditKindNames.filter((kind) => auditKinds[kind].class === 'unexplained');
/** Kinds that wait for a person. */
export const personKinds = auditKindNames.filter((kind) => auditKinds[kind].class === 'person');

/** In the detail of a badly ended run: its event did not reach Kafka. */
export const notOnKafka = 'not on Kafka';
/** In the detail of a badly ended run: it cannot be reset for much longer. */
export const forgottenSoon = 'Temporal forgets it';

/** Findings of one kind in one outbox, or what is explained there. */
export interface FoundInOutbox {
  readonly kind: AuditKind;
  /** Null: of no event, or of an event whose outbox is not known. */
  readonly outbox: string | null;
  readonly count: number;
  /** At most three ids. */
  readonly examples: readonly string[];
}

/** What one audit came to: shown in the Web UI as the workflow's result and printed by `nova audit`. */
export interface AuditReport {
  readonly auditId: string;
  /** RFC 3339; what happened in between was compared. */
  readonly from: string;
  readonly to: string;
  readonly examined: { readonly rows: number; readonly runs: number; readonly records: number; readonly feeds: number };
  /** Findings open now, and what is explained, by kind; kinds without any are left out. */
  readonly counts: Partial<Record<AuditKind, number>>;
  /** Event ids (of `feed_differs`: ids of readers), at most three of each kind. */
  readonly examples: Partial<Record<AuditKind, readonly string[]>>;
  /** The same counts, outbox by outbox. */
  readonly byOutbox: readonly FoundInOutbox[];
  /** The number that must be zero. */
  readonly unexplained: number;
  /** Open findings that wait for a person, and those of them whose event is not on Kafka. */
  readonly waitForPerson: number;
  readonly notOnKafka: number;
  /** What could not be examined, and why. */
  readonly notes: readonly string[];
  /** Outboxes that could not be read to the end; left out: all were. */
  readonly notRead?: readonly string[];
  readonly tookMs: number;
}

/** What an audit is asked for: the window, or what came since the last scheduled one. */
export interface AuditRequest {
  /** Milliseconds before now at which to begin. */
  readonly sinceMs?: number;
}

/**
 * The closed catalogue of failures. A failure's cause and whether a retry can help are decided where it is made, once;
 * nothing downstream matches message texts. Codes are the `type` of Temporal failures, the first word of `last_error` on
 * an outbox row and the label of metrics. docs/failures.md is generated from this table.
 *
 * Causes:
 * - `row`          the event itself is at fault: counts attempts, dead-letters at the ceiling, or at once where no retry can help.
 * - `environment`  the deployment is at fault: every event of the type would fail, so the type pauses and alarms. Also what
 *                  a process does not know yet, since a newer one beside it may.
 * - `outage`       a dependency is down: back off, count nothing.
 * - `busy`         a dependency is overloaded: shrink the window, count nothing.
 */
export type Cause = 'row' | 'environment' | 'outage' | 'busy';

interface FailureEntry {
  readonly cause: Cause;
  /** Can the same call succeed later without a person changing anything? */
  readonly retryable: boolean;
  readonly meaning: string;
  readonly action: string;
}

export const failures = {
  // The row, found before its start
  UNKNOWN_EVENT_TYPE: {
    cause: 'environment',
    retryable: true,
    meaning: 'No event type of this process has this name or alias: misspelt, or newer than the process.',
    action:
      'Deploy the version that knows it: the rows start by themselves. Misspelt: correct the writer; the rows become dead letters after OUTBOX_UNKNOWN_TYPE_HOURS, to be corrected and requeued.',
  },
  UNSUPPORTED_VERSION: {
    cause: 'environment',
    retryable: true,
    meaning: 'The row’s schema_version is newer than this process knows.',
    action:
      'Deploy the newer bridge and workers: the rows start by themselves. After OUTBOX_UNKNOWN_TYPE_HOURS they become dead letters; requeue them then.',
  },
  INVALID_PAYLOAD: {
    cause: 'row',
    retryable: false,
    meaning: 'The payload does not fit the schema of its type.',
    action: 'Repair the writer; correct the payload and requeue, or discard the row.',
  },
  INVALID_ROW: {
    cause: 'row',
    retryable: false,
    meaning: 'A column other than the payload holds what no event can have.',
    action: 'Repair the writer; correct the column that last_error names and requeue, or discard the row.',
  },
  PAYLOAD_TOO_LARGE: {
    cause: 'row',
    retryable: false,
    meaning: 'The payload exceeds the limit of 768 KiB.',
    action: 'Put the content in a store and its id in the event.',
  },
  START_REFUSED: {
    cause: 'row',
    retryable: true,
    meaning: 'Temporal refused this start for a reason of its own.',
    action:
      'Read last_error; requeue when it is repaired. While starts of different aggregates fail so and none succeeds, nothing is counted (docs/temporal-errors.md).',
  },
  FOREIGN_WORKFLOW: {
    cause: 'row',
    retryable: false,
    meaning: 'A workflow that is not ours owns this event id.',
    action: 'Find who started it. Nothing of this event ran; give the row a new id, or discard it.',
  },
  DUPLICATE_EVENT_ID: {
    cause: 'row',
    retryable: false,
    meaning: 'Another event with this id was started before. (The same event written again is no failure.)',
    action: 'Compare the two rows (`ops show`): write this one again under an id of its own, or discard it.',
  },
  ROW_KILLS_PROCESS: {
    cause: 'row',
    retryable: false,
    meaning: 'Bridges died or hung each time they held this row, at last with nothing else in hand.',
    action:
      'Look at the bridge’s last words and at the payload (by SQL); when repaired requeue: it is tried alone again, at most three times.',
  },
  RETENTION_PASSED: {
    cause: 'row',
    retryable: false,
    meaning:
      'First tried longer ago than Temporal remembers, and Temporal does not know the run: it may have run already.',
    action:
      'Check with `ops show` what is known of it; then `ops requeue --never-ran`, which says what a second run may repeat, or discard.',
  },
  // The environment
  SEARCH_ATTRIBUTE_MISSING: {
    cause: 'environment',
    retryable: true,
    meaning: 'A search attribute is not registered on the namespace, or as another type.',
    action: 'Run `npm run migrate`, or `temporal operator search-attribute create`.',
  },
  WRONG_DEPLOYMENT: {
    cause: 'environment',
    retryable: true,
    meaning: 'The database was recorded for another deployment: the process does no work on it.',
    action: 'Correct the settings that the reason names. Only if the database has moved: `npm run migrate -- --adopt`.',
  },
  NO_POLLER: {
    cause: 'environment',
    retryable: true,
    meaning: 'No worker polls the task queue of this event type.',
    action: 'Start the workers of that queue (`npm run workers`), or look why they ended.',
  },
  NAMESPACE_MISSING: {
    cause: 'environment',
    retryable: true,
    meaning: 'The Temporal namespace does not exist.',
    action: 'Correct TEMPORAL_NAMESPACE, or create the namespace (`temporal operator namespace create`).',
  },
  NAMESPACE_NOT_ACTIVE: {
    cause: 'environment',
    retryable: true,
    meaning: 'The Temporal namespace takes no starts here: it is active in another cluster, or being deleted.',
    action: 'Point TEMPORAL_ADDRESS at the active cluster, or bring the namespace back; the rows start by themselves.',
  },
  DEPLOYMENT_REFUSED: {
    cause: 'environment',
    retryable: true,
    meaning:
      'Temporal refuses what every start of this deployment has in common: a setting, or the version of the client.',
    action: 'Read last_error: correct the setting that it names, or deploy versions that fit each other.',
  },
  NOT_AUTHORIZED: {
    cause: 'environment',
    retryable: true,
    meaning: 'Temporal refused our credentials.',
    action: 'Correct the key or certificate.',
  },
  // Outages
  TEMPORAL_UNAVAILABLE: {
    cause: 'outage',
    retryable: true,
    meaning: 'Temporal does not reply.',
    action: 'Bring Temporal back; the backlog drains by itself.',
  },
  DATABASE_UNAVAILABLE: {
    cause: 'outage',
    retryable: true,
    meaning: 'PostgreSQL does not reply, or is read-only.',
    action: 'Bring PostgreSQL back.',
  },
  REDIS_UNAVAILABLE: {
    cause: 'outage',
    retryable: true,
    meaning: 'Redis does not reply.',
    action: 'Bring Redis back; fan-out resumes by itself.',
  },
  KAFKA_UNAVAILABLE: {
    cause: 'outage',
    retryable: true,
    meaning: 'Kafka does not acknowledge.',
    action: 'Bring Kafka back; emission drains in order.',
  },
  CHANNEL_UNAVAILABLE: {
    cause: 'outage',
    retryable: true,
    meaning: 'The provider of a notification channel does not reply.',
    action: 'Look at the provider; deliveries wait.',
  },
  // Overload
  TEMPORAL_BUSY: {
    cause: 'busy',
    retryable: true,
    meaning: 'Temporal throttles us.',
    action: 'Nothing: the start window shrinks. If it lasts, raise the namespace’s limits.',
  },
  TEMPORAL_SLOW: {
    cause: 'busy',
    retryable: true,
    meaning: 'A start got no reply in time, or an error inside the server, though Temporal replies to others.',
    action: 'Nothing: the start window shrinks and the row steps back. If it lasts, Temporal’s database is too slow.',
  },
  // Effects
  EVENT_NOT_FOUND: {
    cause: 'row',
    retryable: false,
    meaning: 'The outbox row of this workflow no longer exists.',
    action: 'The row was deleted by hand or its partition dropped: nothing can be done for this event.',
  },
  TARGET_NOT_KNOWN_YET: {
    cause: 'row',
    retryable: true,
    meaning: 'The event points to something whose own event was not processed yet.',
    action: 'Nothing, unless it lasts: then the other event is stuck or was never written.',
  },
  DELETE_SIGNALLED: {
    cause: 'busy',
    retryable: true,
    meaning:
      'A service has signalled a delete whose event has not come: what it is about is held back for some minutes.',
    action: 'Nothing: the delete’s event ends the run, or the hold ends and the run goes on.',
  },
  MESSAGE_REFUSED: {
    cause: 'row',
    retryable: false,
    meaning: 'Kafka refuses this message at every attempt (for example, too large).',
    action:
      'The row is dead-lettered. Raise the topic’s max.message.bytes, then reset the workflow: it emits the row again.',
  },
  TOPIC_MISSING: {
    cause: 'environment',
    retryable: true,
    meaning: 'The Kafka topic does not exist, or the workers’ login has no right to write it.',
    action:
      'Start the workers with KAFKA_CREATE_TOPICS=true, or create it, or give the right: the detail says which; emission drains in order.',
  },
  DELIVERY_REFUSED: {
    cause: 'row',
    retryable: false,
    meaning: 'The provider refuses this recipient at every attempt.',
    action: 'The address is dead; the delivery row says why.',
  },
  DELIVERY_IN_FLIGHT: {
    cause: 'busy',
    retryable: true,
    meaning: 'Another attempt holds the claim of a delivery, and may still be sending it.',
    action: 'Nothing: when the claim runs out without a reply, the delivery becomes `unknown`.',
  },
} as const satisfies Record<string, FailureEntry>;

export type FailureCode = keyof typeof failures;

/** An expected failure: its code says what it is, its message says what, where and what to do. Never content or e-mail. */
export class NovaError extends Error {
  readonly code: FailureCode;
  /** When the dependency said how long to stay away: milliseconds until the next try makes sense. */
  readonly retryAfterMs: number | undefined;

  constructor(code: FailureCode, detail: string, options?: { cause?: unknown; retryAfterMs?: number | undefined }) {
    super(`${code}: ${detail}`, options);
    this.name = 'NovaError';
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }

  get entry(): FailureEntry {
    return failures[this.code];
  }
}

/** Codes an activity must not retry: the `nonRetryableErrorTypes` of every retry policy. */
export const nonRetryableCodes: readonly FailureCode[] = (Object.keys(failures) as FailureCode[]).filter(
  (code) => !failures[code].retryable,
);

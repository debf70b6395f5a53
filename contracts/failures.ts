import { type FailureEntry } from './failure-entry';
import { rowFailures } from './row-failures';

/**
 * The closed catalogue of failures. A failure's cause and whether a retry can help are decided where it is made, once;
 * nothing downstream matches message texts. Codes are the `type` of Temporal failures, the first word of `last_error` on
 * an outbox row and the label of metrics. docs/failures.md is generated from this table.
 */
export const failures = {
  ...rowFailures,

  // The environment
  SEARCH_ATTRIBUTE_MISSING: {
    cause: 'environment',
    retryable: true,
    meaning: 'A search attribute is not registered on the namespace, or as another type.',
    action: 'Run `npx nova setup`, or `npm run migrate`, which registers it too.',
  },
  UNKNOWN_OUTBOX: {
    cause: 'environment',
    retryable: true,
    meaning: 'The run says that its row is in an outbox which the settings of this process do not name.',
    action:
      'Add the outbox to OUTBOXES (or to the file of OUTBOXES_FILE) of every bridge, worker and tool, and restart them.',
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
  PAUSED_BY_HAND: {
    cause: 'environment',
    retryable: true,
    meaning: 'A person holds back this event type, or this channel of delivery, for a while.',
    action:
      'Nothing: it ends by itself. Before that: `npx nova resume`; `npx nova pauses` says who, why and until when.',
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
  SCHEMA_BEHIND: {
    cause: 'outage',
    retryable: true,
    meaning: 'The database has not all that this version needs: it was migrated by an older version, or never.',
    action: 'Run `npm run migrate` (of an outbox: `-- --outbox NAME`). Everything goes on by itself then.',
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

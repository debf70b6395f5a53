import { type FailureEntry } from './failure-entry';

/** What is wrong with a row itself, found before its start. A part of the catalogue in failures.ts. */
export const rowFailures = {
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
    action:
      'Repair the writer. Then correct the payload, npx nova dead-letters amend <id> --requeue, or drop the row, npx nova dead-letters discard <id>.',
  },
  INVALID_ROW: {
    cause: 'row',
    retryable: false,
    meaning: 'A column other than the payload holds what no event can have.',
    action: 'Repair the writer; correct the column that last_error names and requeue, or discard the row.',
  },
  DOMAIN_NOT_ALLOWED: {
    cause: 'row',
    retryable: false,
    meaning:
      'The event, or the post, message or user whose delete is signalled, belongs to a domain that the service of this outbox may not write.',
    action:
      'Find out who wrote it: another service speaks for the owner of these events. If it is right, add the domain to the outbox in OUTBOXES, restart the bridges and requeue; else discard the row.',
  },
  OUTBOX_MOVED: {
    cause: 'row',
    retryable: false,
    meaning:
      'The writer’s: events of this domain are written in another outbox now. The transaction is refused, and there is no row.',
    action: 'Repeat the transaction in the database of the outbox that the message names.',
  },
  OUTBOX_NOT_OPEN: {
    cause: 'row',
    retryable: true,
    meaning:
      'The writer’s: events of this domain are to be written here, and are still written in another outbox. The transaction is refused, and there is no row.',
    action: 'Repeat the transaction in the old database; where that says OUTBOX_MOVED, here after a moment.',
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
    action: 'Compare the two rows (`npx nova show`): write this one again under an id of its own, or discard it.',
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
      'Check with `npx nova show` what is known of it; then `npx nova requeue --never-ran`, which says what a second run may repeat, or discard.',
  },
} as const satisfies Record<string, FailureEntry>;

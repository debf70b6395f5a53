/**
 * The custom search attributes every run carries, so that operators can list by what the event is about.
 * They are stored in clear by Temporal: ids and type names only, never content, names or e-mail.
 *
 * They must be registered on the namespace before the first start (the local stack, `npm run migrate` and `npx nova setup` do it);
 * a start with an unregistered one is refused, which the bridge treats as a fault of the environment, not of the row.
 */
export const searchAttributes = {
  /** Canonical event type, for example `content.post.created`. */
  EventType: 'KEYWORD',
  /** What the event is about, for example `post`. */
  AggregateType: 'KEYWORD',
  /** UUID of the aggregate: lists every workflow of one post, upload, user or conversation. */
  AggregateId: 'KEYWORD',
  /** UUID of the user who caused the event, as its type says (`actor` in the catalogue). Unset where no one did: an alert of the system. */
  ActorId: 'KEYWORD',
  /** `critical`, `high`, `normal` or `low`. */
  EventPriority: 'KEYWORD',
  /** Name of the outbox that holds the event's row: `main` where a deployment has one. */
  Outbox: 'KEYWORD',
  /** How a run ended when that is neither plain success nor failure: `unclaimed`, `stopped`, `skipped`. Unset otherwise. */
  Outcome: 'KEYWORD',
  /**
   * Why a run failed, or what an open one waits for: a code of docs/failures.md. Unset where all goes well, where what went wrong has no code (a bug), and
   * where only a later try, outside of the worker that runs the workflow, has met it.
   */
  FailureCode: 'KEYWORD',
} as const;

export type SearchAttributeName = keyof typeof searchAttributes;

/** An outbox row as the audit sees it. Times are epoch microseconds by the database's clock; null: never. */
export interface AuditRow {
  readonly eventId: string;
  readonly sequence: number;
  /** As written: any accepted spelling. */
  readonly eventType: string;
  readonly priority: number;
  readonly createdUs: number;
  readonly publishedUs: number | null;
  readonly emittedUs: number | null;
  readonly deadLettered: boolean;
  readonly lastError: string | null;
  readonly claimCount: number;
  /** The end of the lease, whether it is over or not. */
  readonly leaseUntilUs: number | null;
}

/** Why a row is still pending. `none`: nothing says so. */
export type PendingReason = 'error' | 'leased' | 'paused' | 'outage' | 'held' | 'behind' | 'none';

export interface PendingRow extends AuditRow {
  readonly reason: PendingReason;
  /** How many pending rows of its priority come before it, counted up to a bound: the claim takes those first. */
  readonly ahead: number;
}

/** What the bridges that are alive say of themselves. */
export interface Bridges {
  readonly alive: number;
  /** Codes of the outages they are in. */
  readonly outages: readonly string[];
  /** Event types, in every spelling, that any of them has paused. */
  readonly pausedSpellings: readonly string[];
}

/** A place in the rows by time of a mark: after it, up to `toUs`. */
export interface MarkPage {
  readonly afterUs: number;
  readonly afterId: string;
  readonly toUs: number;
  readonly limit: number;
}

export interface PendingLimits {
  /** Age from which a pending row must have a reason, microseconds, by priority. */
  readonly budgetUs: readonly number[];
  /** How long after its end a lease still counts as held. */
  readonly leaseMarginUs: number;
  /** Claims without an outcome beyond which a lease in force is no reason any more. */
  readonly maxClaims: number;
}

/**
 * The outbox as the audit reads it: short statements, no transaction, no lock.
 * All methods throw NovaError DATABASE_UNAVAILABLE when PostgreSQL is away.
 */
export interface AuditRows {
  /** The database's clock, epoch microseconds. */
  nowUs(): Promise<number>;
  bridges(): Promise<Bridges>;
  /** Rows by (published_at, id). */
  marked(page: MarkPage): Promise<AuditRow[]>;
  /** Rows by (emitted_at, id). */
  emitted(page: MarkPage): Promise<AuditRow[]>;
  /** Rows of these ids; `createdSinceUs` bounds where they are looked for, if given. Ids that are no UUIDs have none. */
  byIds(ids: readonly string[], createdSinceUs?: number): Promise<AuditRow[]>;
  /** Whether two rows of one id are the same event, written twice: the same type, aggregate and payload. */
  areSameEvent(one: AuditRow, other: AuditRow): Promise<boolean>;
  /** Those of these ids that are pending (neither published nor dead-lettered), with the reason. */
  pending(ids: readonly string[], bridges: Bridges, limits: PendingLimits): Promise<PendingRow[]>;
  /** How many rows are pending past their budget, by reason. */
  pendingCounts(
    bridges: Bridges,
    limits: PendingLimits,
  ): Promise<readonly { reason: PendingReason; count: number; examples: readonly string[] }[]>;
  /** The first `limit` rows of each priority that are pending past their budget for no reason that shows. */
  unexplainedPending(bridges: Bridges, limits: PendingLimits, limit: number): Promise<PendingRow[]>;
  /**
   * Whether anything was started since, and which of these pending rows the claim has passed by: a later row of their
   * priority, not started along with an earlier one of its own aggregate, was started since.
   */
  progress(ids: readonly string[], sinceUs: number): Promise<{ started: boolean; passedBy: ReadonlySet<string> }>;
  /** Published before `beforeUs`, not emitted, not given up; by (published_at, id) after the given place. */
  unemitted(page: { afterUs: number; afterId: string; beforeUs: number; limit: number }): Promise<AuditRow[]>;
  deadLetters(): Promise<{ count: number; examples: readonly string[] }>;
}

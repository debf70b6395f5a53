import { type EventRef } from '../contracts/event-ref';
import { type FailureCode } from '../contracts/failures';
import { type RunOwner } from '../contracts/run-owner';
import { type WorkflowType } from '../contracts/workflow-types';
import { type Lanes } from './lanes';

/** A claimed row as PostgreSQL returns it. */
export interface ClaimedRow {
  readonly id: string;
  readonly aggregateId: string;
  readonly aggregateType: string;
  /** As written: any accepted spelling. */
  readonly eventType: string;
  /** Null when it is over the size limit, unreadable, or not to be read any more. */
  readonly payload: unknown;
  /** Bytes of UTF-8 JSON; -1 when PostgreSQL cannot write it down. */
  readonly payloadBytes: number;
  /** RFC 3339 with microseconds; as PostgreSQL writes it when it is no such date. */
  readonly createdAt: string;
  /** Never later than the claim: a writer's clock that is ahead must not put a post on top of every feed. */
  readonly createdAtMs: number;
  readonly sequence: number;
  readonly priority: number;
  readonly schemaVersion: number;
  readonly traceparent: string | null;
  readonly retryCount: number;
  readonly claimCount: number;
  /** Claims right before this one of which no end was written: their processes died, hung or lost the database. */
  readonly unfinishedClaims: number;
  /** Milliseconds since the first claim, by the database's clock. */
  readonly firstAttemptAgeMs: number;
  /** Milliseconds from the arrival of the claim at PostgreSQL to the start of this row's lease. */
  readonly claimMs: number;
  /** Fencing token of this claim. */
  readonly token: string;
}

export interface ClaimRequest {
  readonly token: string;
  readonly leaseMs: number;
  readonly lanes: Lanes;
  /** Most rows in all, successors included. */
  readonly maxRows: number;
  /** Most rows of one aggregate. Default: 9. */
  readonly maxSeries?: number;
  /** Event types, in every spelling, that are not to be claimed now. */
  readonly pausedSpellings: readonly string[];
}

/** How a claimed row ended, to be written down. Each is guarded by the claim's token: a stale holder changes nothing. */
export type Settlement =
  | { readonly kind: 'started'; readonly row: ClaimedRow }
  | {
      readonly kind: 'failed';
      readonly row: ClaimedRow;
      readonly error: string;
      readonly countsAttempt: boolean;
      readonly delayMs: number;
    }
  | {
      readonly kind: 'dead-lettered';
      readonly row: ClaimedRow;
      readonly error: string;
      readonly countsAttempt: boolean;
    }
  /** The same event written again: its effects are those of the row before it, on Kafka too. */
  | { readonly kind: 'repeated'; readonly row: ClaimedRow }
  /** Not tried: given back as it was. */
  | { readonly kind: 'released'; readonly row: ClaimedRow };

/**
 * The outbox table as the bridge sees it. All clocks are the database's.
 *
 * A port: the simulation runs the bridge's own loop over models of both (test/simulation).
 */
export interface OutboxStore {
  claim(request: ClaimRequest): Promise<ClaimedRow[]>;
  /** Writes all settlements in one statement; returns how many rows were still held by their token. */
  settle(settlements: readonly Settlement[]): Promise<number>;
  /** Whether there is another row of the same id, aggregate, type and payload. Without it no row is taken for one. */
  isRepeated?(row: ClaimedRow): Promise<boolean>;
}

export interface StartRequest {
  readonly ref: EventRef;
  readonly workflowType: WorkflowType;
  /** Who caused the event, to list runs by; undefined: no user. */
  readonly actorId?: string | undefined;
}

export type StartOutcome =
  /** Temporal has our run, from this call or an earlier one. */
  { readonly kind: 'started' } | { readonly kind: 'failed'; readonly code: FailureCode; readonly detail: string };

/** What Temporal knows of an event id; `unknown`: no run. */
export type Lookup = RunOwner | 'unknown';

/** Temporal as the bridge sees it. Never throws for an expected failure: the outcome says what happened. A port, as the store is. */
export interface WorkflowStarter {
  start(request: StartRequest): Promise<StartOutcome>;
  lookUp(request: StartRequest): Promise<Lookup | Extract<StartOutcome, { kind: 'failed' }>>;
  /** Resolves when Temporal replies. @throws NovaError TEMPORAL_UNAVAILABLE and the like */
  probe(): Promise<void>;
}

import { type EventRef } from '../../contracts/event-ref';
import { type NovaError } from '../../contracts/failures';

/** The primary key of an outbox row. */
export interface RowKey {
  readonly eventId: string;
  /** `created_at` with its microseconds. */
  readonly createdAt: string;
}

/** What has become of an outbox row. */
export interface RowState extends RowKey {
  readonly emitted: boolean;
  readonly deadLettered: boolean;
}

/** An outbox row as the emitter needs it. */
export interface EmitRow extends RowKey {
  readonly aggregateId: string;
  readonly sequence: number;
  /** As written: any accepted spelling. */
  readonly eventType: string;
  readonly schemaVersion: number;
  /** The payload as PostgreSQL writes it; null when it is too large to be sent, or has no text. */
  readonly payload: string | null;
  /** Bytes of that text, read or not; -1 when there is none. */
  readonly payloadBytes: number;
  readonly traceparent: string | null;
  readonly started: boolean;
}

/** What is on Kafka and what is not. */
export interface EmitLog {
  /**
   * Runs `work` in one transaction. Locks are held until it ends, or until the server notices that we are gone.
   * @throws NovaError DATABASE_UNAVAILABLE
   */
  transaction<T>(work: (log: EmitTransaction) => Promise<T>): Promise<T>;
}

export interface EmitTransaction {
  /** Takes the emit locks of those aggregates that no process is emitting now, without waiting; returns which. */
  lock(aggregateIds: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * The first rows of each aggregate, up to and including the given sequence, that are neither emitted nor dead-lettered;
   * in order within each aggregate, bounded in number and in bytes of payload. With `types`: rows of these spellings alone.
   */
  unemitted(upTo: ReadonlyMap<string, number>, types?: readonly string[]): Promise<EmitRow[]>;
  /** What has become of these rows; those that no longer exist are left out. */
  find(refs: readonly EventRef[]): Promise<RowState[]>;
  /** Rows that were given up, with their payload: as many from the first on as one flush may hold. */
  givenUp(keys: readonly RowKey[]): Promise<EmitRow[]>;
  /** Kafka has these. A row that was given up before is no longer. */
  markEmitted(rows: readonly RowKey[]): Promise<void>;
  /** Kafka will never have these: they count as dead-lettered, each with its reason, and hold up no other row any more. */
  markRefused(refusals: readonly { readonly row: RowKey; readonly reason: NovaError }[]): Promise<void>;
}

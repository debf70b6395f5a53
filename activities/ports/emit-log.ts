import { type EventRef } from '../../contracts/event-ref';
import { type NovaError } from '../../contracts/failures';

/** An outbox row as the emitter needs it. */
export interface EmitRow {
  readonly eventId: string;
  /** `created_at` with its microseconds. */
  readonly createdAt: string;
  readonly aggregateId: string;
  readonly sequence: number;
  /** As written: any accepted spelling. */
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly payload: unknown;
  readonly traceparent: string | null;
  readonly published: boolean;
  readonly emitted: boolean;
  readonly deadLettered: boolean;
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
  /** Takes the emit locks of those aggregates that nobody else is emitting now, without waiting; answers which. */
  lock(aggregateIds: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * The first rows of each aggregate, up to and including the given sequence, that are neither emitted nor
   * dead-lettered; in order within each aggregate, bounded in number and bytes.
   */
  unemitted(upTo: ReadonlyMap<string, number>): Promise<EmitRow[]>;
  /** These rows, whatever their state; those that no longer exist are left out. */
  find(refs: readonly EventRef[]): Promise<EmitRow[]>;
  /** Kafka has these. A row that was given up before is no longer. */
  markEmitted(rows: readonly EmitRow[]): Promise<void>;
  /** Kafka will never have these: they count as dead-lettered, each with its reason, and hold up nobody any more. */
  markRefused(refusals: readonly { readonly row: EmitRow; readonly reason: NovaError }[]): Promise<void>;
}

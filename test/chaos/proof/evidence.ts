import { type Evidence as ServersEvidence } from '../../../proof/checks/evidence';
import { type Truth } from '../../../proof/checks/truth';
import { type Books } from '../traffic/books';
import { type FaultRecord } from '../types';

export interface BridgeInstance {
  readonly instanceId: string;
  readonly state: string;
  readonly reason: string | null;
  readonly pausedTypes: readonly string[];
  readonly silentForMs: number;
}

/** One handling of one event by a subscriber that the run started. Times are epoch milliseconds of the database. */
export interface Handling {
  /** Rises in the order in which handlings began. */
  readonly n: number;
  readonly listener: string;
  readonly topic: string;
  readonly key: string;
  readonly eventId: string;
  readonly sequence: number;
  readonly beganAtMs: number;
  /** Null: its process died, or the database did not take the end. */
  readonly endedAtMs: number | null;
}

/** Everything that the servers say at the end of a run, and what the writers say. */
export interface Evidence extends ServersEvidence {
  readonly books: Books;
  /** Numbers in `business.transactions`: of transactions that happened. */
  readonly marks: ReadonlySet<number>;
  /** From the business tables; its events are those of transactions that happened, and are in the outbox. */
  readonly truth: Truth;
  readonly bridges: readonly BridgeInstance[];
  readonly handlings: readonly Handling[];
  /** Sentences: advisory locks and transactions that stay, though nothing is going on. */
  readonly held: readonly string[];
  readonly faults: readonly FaultRecord[];
}

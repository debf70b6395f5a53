import { type Evidence as ServersEvidence } from '../../../proof/checks/evidence';
import { type Truth } from '../../../proof/checks/truth';
import { type Books } from '../traffic/books';
import { type FaultRecord, type Restore } from '../types';
import { type Losses } from './losses';

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

/** What an audit has against a run or an event, resolved or not. */
export interface Finding {
  readonly kind: string;
  /** Id of the run: the event's, or of a replay of it. */
  readonly eventId: string;
  readonly detail: string;
  /** The next audit did not see it any more. */
  readonly resolved: boolean;
  /** A person has explained it. */
  readonly acknowledged: boolean;
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
  /** One database for everything, and one outbox in it. */
  readonly together: boolean;
  /** Outboxes that went back to an earlier moment, what that took, and what the product's audits have named. */
  readonly restores: readonly Restore[];
  readonly losses: Losses;
  readonly findings: readonly Finding[];
}

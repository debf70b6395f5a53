import { type EmailTruth } from '../../../proof/checks/emails';
import { type MediaLink } from '../../../proof/checks/media';
import { type NotificationRow } from '../../../proof/checks/notifications';
import { type Truth } from '../../../proof/checks/truth';
import { type ReceivedMessage } from '../../../proof/observe/kafka-reader';
import { type RedisState } from '../../../proof/observe/redis-reader';
import { type ReceivedMail } from '../../../proof/observe/mail-sink';
import { type Ledger } from '../traffic/ledger';
import { type FaultRecord } from '../types';

/** The bookkeeping of an outbox row. Times are epoch milliseconds with fractions. */
export interface OutboxRow {
  readonly id: string;
  readonly publishedAtMs: number | null;
  readonly emittedAtMs: number | null;
  readonly deadLetteredAtMs: number | null;
  readonly retryCount: number;
  readonly lastError: string | null;
  /** A token or a deadline is set. */
  readonly leased: boolean;
}

/** One run of one workflow, as Temporal lists it. */
export interface Run {
  readonly workflowId: string;
  readonly runId: string;
  /** Of the chain of continue-as-new that this run is part of. */
  readonly firstRunId: string;
  readonly type: string;
  /** `COMPLETED`, `FAILED`, `RUNNING`, `CONTINUED_AS_NEW`, … */
  readonly status: string;
  readonly outcome: string | undefined;
}

/** A row of `notification_deliveries`. */
export interface Delivery {
  readonly eventId: string;
  readonly recipientId: string;
  readonly channel: string;
  readonly state: string;
}

/** A row of `notifications`, with what it is about. */
export interface ToldRow extends NotificationRow {
  readonly subjectType: string;
  readonly subjectId: string;
}

/** A row of `post_states`, judged by its tombstone. */
export interface PostStateRow {
  readonly postId: string;
  readonly status: string;
  /** A final tombstone forbids it. */
  readonly forbidden: boolean;
}

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
export interface Evidence {
  readonly ledger: Ledger;
  /** Numbers in `business.transactions`: of transactions that happened. */
  readonly marks: ReadonlySet<number>;
  /** From the business tables; its events are those of transactions that happened, and are in the outbox. */
  readonly truth: Truth;
  /** Sentences: rows that no writer knows of, and committed events without a row. */
  readonly unaccounted: readonly string[];
  /** Of the whole table, whoever wrote it. */
  readonly rows: readonly OutboxRow[];
  readonly runs: readonly Run[];
  readonly messages: readonly ReceivedMessage[];
  readonly redis: RedisState;
  readonly mails: readonly ReceivedMail[];
  readonly told: readonly ToldRow[];
  readonly deliveries: readonly Delivery[];
  readonly links: readonly (MediaLink & { readonly eventId: string })[];
  readonly postStates: readonly PostStateRow[];
  readonly bridges: readonly BridgeInstance[];
  readonly handlings: readonly Handling[];
  /** Sentences: advisory locks and transactions that stay, though nothing is going on. */
  readonly held: readonly string[];
  readonly faults: readonly FaultRecord[];
}

/** What the e-mail check needs, by the ledger alone. */
export function emailTruth(
  { truth, ledger }: Pick<Evidence, 'truth' | 'ledger'>,
  expected: EmailTruth['expected'],
): EmailTruth {
  return { expected, reachable: ledger.reachable, preferences: truth.preferences };
}

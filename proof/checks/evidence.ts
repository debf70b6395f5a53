import { type StoredMessage } from '../observe/kafka-reader';
import { type RedisState } from '../observe/redis-reader';

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
  /** Search attribute, set when a run ended other than plainly. */
  readonly outcome: string | undefined;
  /** Search attribute: the outbox that it was started for. */
  readonly outbox?: string | undefined;
}

/** A row of `notifications`. */
export interface NotificationRow {
  readonly eventId: string;
  readonly recipientId: string;
  readonly kind: string;
  readonly inApp: boolean;
  readonly retracted: boolean;
}

/** The same, with what it is about. */
export interface NoticeRow extends NotificationRow {
  readonly subjectType: string;
  readonly subjectId: string;
}

/** A row of `notification_deliveries`. */
export interface Delivery {
  readonly eventId: string;
  readonly recipientId: string;
  readonly channel: string;
  /** `pending`, `claimed`, `sent`, `failed`, `skipped`, `unknown` */
  readonly state: string;
}

/** A row of `post_media`. */
export interface MediaLink {
  readonly postId: string;
  readonly mediaId: string;
}

/** A row of `post_states`, judged by its tombstone. */
export interface PostStateRow {
  readonly postId: string;
  readonly authorId: string;
  readonly status: string;
  /** A final tombstone forbids it. */
  readonly forbidden: boolean;
  /** Something of what it says is kept: a caption, links to media. */
  readonly says: boolean;
}

/** A row of `user_profiles`. */
export interface ProfileRow {
  readonly userId: string;
  readonly state: string;
  /** It holds a name or an address. */
  readonly named: boolean;
}

export interface ReceivedMailId {
  /** Without its angle brackets. */
  readonly messageId: string;
}

/** Everything that the servers say, read by clients that share nothing with the product. */
export interface Evidence {
  /** Sentences: rows that no writer knows of, and committed events without a row. */
  readonly unaccounted: readonly string[];
  readonly rows: readonly OutboxRow[];
  readonly runs: readonly Run[];
  readonly messages: readonly StoredMessage[];
  readonly redis: RedisState;
  readonly mails: readonly ReceivedMailId[];
  readonly notices: readonly NoticeRow[];
  readonly deliveries: readonly Delivery[];
  readonly links: readonly (MediaLink & { readonly eventId: string })[];
  readonly postStates: readonly PostStateRow[];
  readonly profiles: readonly ProfileRow[];
}

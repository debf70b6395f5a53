import { type PgAuditStore } from './pg-audit-store';
import { type AuditRecords } from './audit-records';
import { type OutboxesInAudit } from './outboxes-in-audit';
import { type PgAuditRows } from './pg-audit-rows';
import { type AuditRuns } from './audit-runs';
import { type PgAuditSignals } from './pg-audit-signals';
import { type PgFeedSample } from './pg-feed-sample';
import { type FeedStore } from '../feed/feed-store';
import { type SqlFeedTruth } from '../../feeds/sql-feed-truth';
import { type PgStoreRecord } from '../feed/pg-store-record';
import { type AuditLimits } from './limits';

/** The feeds in Redis, and what the tables say of them. */
export interface AuditedFeeds {
  readonly store: Pick<FeedStore, 'read'>;
  readonly truth: Pick<SqlFeedTruth, 'timeline'>;
  readonly sample: PgFeedSample;
  readonly record: Pick<PgStoreRecord, 'find'>;
  /** FEED_CAP, as the workers have it. */
  readonly cap: number;
  /** Feeds that one audit looks at. */
  readonly sampleSize: number;
}

export interface AuditDeps {
  /** One for each outbox. */
  readonly outboxes: readonly PgAuditRows[];
  readonly runs: AuditRuns;
  readonly records: AuditRecords;
  readonly store: PgAuditStore;
  readonly signals?: PgAuditSignals | undefined;
  readonly feeds?: AuditedFeeds | undefined;
  readonly limits: AuditLimits;
  readonly sleep: (ms: number) => Promise<void>;
}

/** The same while one audit runs. */
export interface Audit extends Omit<AuditDeps, 'outboxes'> {
  readonly outboxes: OutboxesInAudit;
}

/** What one audit looks at in one outbox. Epoch microseconds by the clock of its database. */
export interface OutboxWindow {
  readonly nowUs: number;
  readonly fromUs: number;
  readonly toUs: number;
  /** Kafka is compared from here: earlier than `fromUs` when it was away at the last audit. */
  readonly recordsFromUs: number;
}

/** What one audit looks at. Epoch microseconds by the clock of State's database. */
export interface AuditWindow {
  /** The earliest of all outboxes. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly retentionMs: number;
  /** By name, of those that can be read. */
  readonly outboxes: ReadonlyMap<string, OutboxWindow>;
}

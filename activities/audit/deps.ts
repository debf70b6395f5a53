import { type PgAuditStore } from './pg-audit-store';
import { type AuditRecords } from './audit-records';
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
  readonly rows: PgAuditRows;
  readonly runs: AuditRuns;
  readonly records: AuditRecords;
  readonly store: PgAuditStore;
  readonly signals?: PgAuditSignals;
  readonly feeds?: AuditedFeeds;
  readonly limits: AuditLimits;
  readonly sleep: (ms: number) => Promise<void>;
}

/** What one audit looks at, and where it reports how far it is. Times in epoch microseconds by the database's clock. */
export interface AuditWindow {
  readonly fromUs: number;
  readonly toUs: number;
  /** Kafka is compared from here: earlier than `fromUs` when it was away at the last audit. */
  readonly recordsFromUs: number;
  readonly retentionMs: number;
}

import { type AuditBook } from '../ports/audit-book';
import { type AuditRecords } from '../ports/audit-records';
import { type AuditRows } from '../ports/audit-rows';
import { type AuditRuns } from '../ports/audit-runs';
import { type AuditSignals } from '../ports/audit-signals';
import { type AuditLimits } from './limits';

export interface AuditDeps {
  readonly rows: AuditRows;
  readonly runs: AuditRuns;
  readonly records: AuditRecords;
  readonly book: AuditBook;
  readonly signals?: AuditSignals;
  readonly limits: AuditLimits;
  readonly sleep: (ms: number) => Promise<void>;
}

/** What one audit looks at, and where it tells how far it is. Times in epoch microseconds by the database's clock. */
export interface AuditWindow {
  readonly fromUs: number;
  readonly toUs: number;
  /** Kafka is compared from here: earlier than `fromUs` when it was away at the last audit. */
  readonly recordsFromUs: number;
  readonly retentionMs: number;
}

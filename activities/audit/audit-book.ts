import { type AuditReport, type FindingKind } from '../../contracts/audit-kinds';

export interface Finding {
  readonly eventId: string;
  readonly kind: FindingKind;
  /** Ids, states and times; never content. */
  readonly detail: string;
}

/** Where the last scheduled audit ended, epoch microseconds. Ahead of the clock when that was set back since. */
export interface Watermarks {
  readonly toUs: number;
  readonly recordsToUs: number | null;
}

/** What audits keep. All methods throw NovaError DATABASE_UNAVAILABLE. */
export interface AuditBook {
  watermarks(): Promise<Watermarks | null>;
  /** Findings neither resolved nor acknowledged, oldest first. */
  open(limit: number): Promise<Finding[]>;
  /** Writes what was seen at `seenUs`. One that was resolved later than that stays resolved: another audit looked later. */
  record(findings: readonly Finding[], seenUs: number): Promise<void>;
  /** These were looked for at `seenUs` and are gone. */
  resolve(findings: readonly Finding[], seenUs: number): Promise<void>;
  /** Open findings by kind, with examples, and how many of them say that their event is not on Kafka. */
  counts(): Promise<readonly { kind: FindingKind; count: number; notOnKafka: number; examples: readonly string[] }[]>;
  /** Writes the audit itself, and trims what is older than a month. */
  close(report: AuditReport, origin: 'schedule' | 'demand', recordsToUs: number | null): Promise<void>;
}

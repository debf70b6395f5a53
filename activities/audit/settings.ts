import { type ConfigOf, setting } from '../../runtime/config';

/** What the audit is configured with. */
export const auditSettings = {
  auditEverySeconds: setting.integer(
    'AUDIT_EVERY_S',
    'Seconds between two audits of rows against runs and Kafka; 0: no schedule.',
    { min: 0, max: 86_400 },
    { fallback: '300' },
  ),
  auditSettleSeconds: setting.integer(
    'AUDIT_SETTLE_S',
    'What happened in the last seconds is left to the next audit: longer than visibility lags and clocks differ.',
    { min: 0, max: 3_600 },
    { fallback: '60' },
  ),
  auditGraceMs: setting.integer(
    'AUDIT_GRACE_MS',
    'How long the audit waits before it looks again at what seems wrong, milliseconds.',
    { min: 0, max: 600_000 },
    { fallback: '10000' },
  ),
  auditListsPerSecond: setting.integer(
    'AUDIT_LISTS_PER_S',
    'Most visibility queries of the audit a second; a Temporal frontend allows a namespace 10 unless configured otherwise.',
    { min: 1, max: 1_000 },
    { fallback: '5' },
  ),
  auditFeeds: setting.integer(
    'AUDIT_FEEDS',
    'Readers’ feeds that one audit compares with the tables, chosen at random; each costs a read of Redis and of PostgreSQL. 0: none.',
    { min: 0, max: 10_000 },
    { fallback: '50' },
  ),
} as const;

export type AuditConfig = ConfigOf<typeof auditSettings>;

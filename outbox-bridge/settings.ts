import { setting, sharedSettings } from '../runtime/config';

/** Everything the bridge can be told. The README's reference is generated from this table. */
export const bridgeSettings = {
  ...sharedSettings.database,
  ...sharedSettings.temporal,
  ...sharedSettings.logging,
  listenUrl: setting.optionalText(
    'OUTBOX_LISTEN_URL',
    'Direct PostgreSQL URL on which to listen for nudges; empty: poll only. Not through a pooler.',
    { secret: true },
  ),
  pollMinMs: setting.integer(
    'OUTBOX_POLL_MIN_MS',
    'Shortest wait after a claim that found nothing, milliseconds.',
    { min: 1, max: 5_000 },
    { fallback: '5' },
  ),
  pollMaxMs: setting.integer(
    'OUTBOX_POLL_MAX_MS',
    'Longest wait between claims when idle, milliseconds. Part of every latency unless nudged.',
    { min: 1, max: 5_000 },
    { fallback: '20' },
  ),
  leaseMs: setting.integer(
    'OUTBOX_LEASE_MS',
    'Length of a claim’s lease, milliseconds: the recovery time after a bridge dies.',
    { min: 1_000, max: 600_000 },
    { fallback: '15000' },
  ),
  maxAttempts: setting.integer(
    'OUTBOX_MAX_RETRIES',
    'Failures of the row itself before it is dead-lettered.',
    { min: 1, max: 100 },
    { fallback: '5' },
  ),
  windowMax: setting.integer(
    'OUTBOX_START_WINDOW',
    'Most aggregates with a start in flight. 16 saturates one Temporal frontend over one connection.',
    { min: 4, max: 512 },
    { fallback: '32' },
  ),
  retentionMarginHours: setting.integer(
    'OUTBOX_RETENTION_MARGIN_HOURS',
    'Rows first tried longer ago than the namespace’s retention less this are looked up, not started.',
    { min: 1, max: 720 },
    { fallback: '6' },
  ),
  partitionDaysAhead: setting.integer(
    'OUTBOX_PARTITION_DAYS_AHEAD',
    'Daily partitions made ahead.',
    { min: 2, max: 365 },
    { fallback: '14' },
  ),
  metricsPort: setting.integer(
    'BRIDGE_METRICS_PORT',
    'Port of /metrics and /healthz; 0: none.',
    { min: 0, max: 65_535 },
    { fallback: '0' },
  ),
} as const;

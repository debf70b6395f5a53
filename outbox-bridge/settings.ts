import { type KeepDays } from '../outbox/housekeeping/ledgers';
import { setting, sharedSettings } from '../runtime/config';
import { consoleUrlSetting } from '../runtime/console-page';
import { listeningSettings } from '../runtime/metrics-server';
import { outboxSettings } from '../runtime/outboxes';
import { buildSettings } from '../runtime/process-registry';
import { tracingSettings } from '../runtime/tracing';

/** All settings of the bridge. docs/configuration.md is generated from this table. */
export const bridgeSettings = {
  ...sharedSettings.database,
  ...outboxSettings,
  bridgeOutboxes: setting.listOrEmpty(
    'BRIDGE_OUTBOXES',
    'Names of the outboxes that this process serves, comma-separated; empty: all. Each needs a bridge that serves it.',
    'names of outboxes',
    { fallback: '' },
  ),
  ...sharedSettings.temporal,
  ...sharedSettings.logging,
  ...listeningSettings,
  ...tracingSettings,
  ...consoleUrlSetting,
  ...buildSettings,
  listenUrl: setting.optionalText(
    'OUTBOX_LISTEN_URL',
    'Direct PostgreSQL URL on which to listen for nudges; empty: poll only. Not through a pooler. Of an outbox with a database of its own: `listenUrl` in OUTBOXES.',
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
  pollNudgedMs: setting.integer(
    'OUTBOX_POLL_NUDGED_MS',
    'The same for an outbox whose nudges can be relied on: it has a URL to listen on, and what was found there lately had been announced. What no nudge announces is found this late.',
    { min: 1, max: 60_000 },
    { fallback: '2000' },
  ),
  pollsPerSecond: setting.integer(
    'OUTBOX_POLLS_PER_SECOND',
    'Polls of all idle outboxes of this process together, at most: where it serves many, the longest wait of each grows beyond OUTBOX_POLL_MAX_MS. Those whose nudges can be relied on take a fifth of it at most.',
    { min: 1, max: 10_000 },
    { fallback: '100' },
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
  unknownTypeHours: setting.integer(
    'OUTBOX_UNKNOWN_TYPE_HOURS',
    'Hours that a row of an event type or version which no bridge knows waits for a newer one; then it is a dead letter.',
    { min: 1, max: 168 },
    { fallback: '24' },
  ),
  windowMax: setting.integer(
    'OUTBOX_START_WINDOW',
    'Most aggregates with a start in flight. 16 saturates one Temporal frontend over one connection.',
    { min: 4, max: 512 },
    { fallback: '32' },
  ),
  slowStartMs: setting.integer(
    'OUTBOX_SLOW_START_MS',
    'A start that takes longer, milliseconds, halves the start window: Temporal has more in hand than it works off. Raise it where Temporal is far away.',
    { min: 50, max: 10_000 },
    { fallback: '500' },
  ),
  startWaitMs: setting.integer(
    'OUTBOX_START_WAIT_MS',
    'How long a started workflow may wait for a worker, milliseconds beyond the least: no more are started on a task queue than keep to it, but for Critical ones. 0: no limit.',
    { min: 0, max: 60_000 },
    { fallback: '50' },
  ),
  retentionMarginHours: setting.integer(
    'OUTBOX_RETENTION_MARGIN_HOURS',
    'Rows first tried longer ago than the namespace’s retention less this are looked up, not started.',
    { min: 1, max: 720 },
    { fallback: '6' },
  ),
  partitionDaysAhead: setting.integer(
    'OUTBOX_PARTITION_DAYS_AHEAD',
    'Daily partitions made ahead: how long inserts go on without any bridge.',
    { min: 2, max: 365 },
    { fallback: '14' },
  ),
  partitionAlarmDays: setting.integer(
    'OUTBOX_PARTITION_ALARM_DAYS',
    'With fewer days of partitions left than this, bridges raise an alarm.',
    { min: 1, max: 365 },
    { fallback: '7' },
  ),
  retentionDays: setting.integer(
    'OUTBOX_RETENTION_DAYS',
    'Days after the start of its last row until a partition is dropped and ledger rows expire. Not below the Temporal namespace’s retention.',
    { min: 1, max: 3_650 },
    { fallback: '30' },
  ),
  readNotificationDays: setting.integer(
    'NOTIFICATIONS_READ_DAYS',
    'Days after which a notification that was read is deleted, never before its event’s partition; 0: never.',
    { min: 0, max: 3_650 },
    { fallback: '365' },
  ),
  tombstoneDays: setting.integer(
    'TOMBSTONE_DAYS',
    'Days after which the note that a post, message or comment was deleted for good is deleted; 0: never. Of people: never.',
    { min: 0, max: 36_500 },
    { fallback: '1095' },
  ),
  operatorActDays: setting.integer(
    'OPERATOR_ACT_DAYS',
    'Days after which the record of what a person has done with the operator’s tools is deleted, never before the retention; 0: never.',
    { min: 0, max: 36_500 },
    { fallback: '730' },
  ),
  metricsPort: setting.integer(
    'BRIDGE_METRICS_PORT',
    'Port of /metrics, /healthz, /livez and /readyz; 0: none.',
    { min: 0, max: 65_535 },
    { fallback: '0' },
  ),
} as const;

/** How long housekeeping keeps what nothing needs any more, beside the retention. */
export function keepDays(config: {
  readonly readNotificationDays: number;
  readonly tombstoneDays: number;
  readonly operatorActDays: number;
}): KeepDays {
  const { readNotificationDays, tombstoneDays, operatorActDays } = config;
  return { readNotifications: readNotificationDays, tombstones: tombstoneDays, operatorActs: operatorActDays };
}

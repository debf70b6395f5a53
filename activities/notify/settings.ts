import { setting } from '../../runtime/config';
import { channelSettings } from './channels';

/** Settings of notification delivery. */
export const notificationSettings = {
  ...channelSettings,
  deliveryLeaseMs: setting.integer(
    'DELIVERY_LEASE_MS',
    'How long a claimed delivery waits for its reply before it is given up as `unknown`, milliseconds; a send takes up to 30 s.',
    { min: 1_000, max: 3_600_000 },
    { fallback: '60000' },
  ),
  outboxSilenceHours: setting.integer(
    'OUTBOX_SILENCE_HOURS',
    'After so many hours without a report of an outbox, a notice does not wait any more for its events to name whom to notify.',
    { min: 1, max: 8_760 },
    { fallback: '24' },
  ),
} as const;

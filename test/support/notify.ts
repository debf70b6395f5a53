import { type Pool } from 'pg';
import { PgAggregateHistory } from '../../activities/stores/pg-aggregate-history';
import { PgContentOwners } from '../../activities/stores/pg-content-owners';
import { PgDeliveryLedger } from '../../activities/notify/pg-delivery-ledger';
import { PgEventStore } from '../../activities/stores/pg-event-store';
import { PgFollowerSource } from '../../activities/stores/pg-follower-source';
import { PgNotificationStore } from '../../activities/notify/pg-notification-store';
import { PgOutboxProgress } from '../../activities/notify/pg-outbox-progress';
import { PgPreferences } from '../../activities/notify/pg-preferences';
import { PgTombstones } from '../../activities/stores/pg-tombstones';
import { PgUserDirectory } from '../../activities/notify/pg-user-directory';
import { type NotifyDeps } from '../../activities/notify/deps';
import { type DeliveryChannel } from '../../activities/notify/channel';
import { newId } from './events';
import { silentLogger } from './logger';
import { OutboxPools } from '../../runtime/outbox-pools';

/** The real dependencies of the notification activities on a test database, with what a test wants different. */
export function notifyDeps(
  pool: Pool,
  options: Partial<NotifyDeps> & { readonly email?: DeliveryChannel } = {},
): NotifyDeps {
  const { email, ...overrides } = options;
  return {
    events: new PgEventStore(OutboxPools.one(pool)),
    history: new PgAggregateHistory(OutboxPools.one(pool)),
    tombstones: new PgTombstones(pool),
    followers: new PgFollowerSource(pool),
    owners: new PgContentOwners(pool),
    progress: new PgOutboxProgress(pool, { silenceMs: 24 * 3_600_000 }),
    preferences: new PgPreferences(pool),
    store: new PgNotificationStore(pool),
    ledger: new PgDeliveryLedger(pool),
    users: new PgUserDirectory(pool),
    channels: new Map(email === undefined ? [] : [['email', email]]),
    logger: silentLogger,
    ...overrides,
  };
}

/** A user that identity events reported; the address is made from the id. */
export async function insertUser(
  pool: Pool,
  user: { readonly id?: string; readonly email?: string | null; readonly state?: 'active' | 'hidden' | 'deleted' } = {},
): Promise<string> {
  const { id = newId(), state = 'active' } = user;
  const email = user.email === undefined ? addressOf(id) : user.email;
  await pool.query(`INSERT INTO user_profiles (user_id, username, email, state, sequence) VALUES ($1, $2, $3, $4, 1)`, [
    id,
    `name-${id.slice(0, 4)}`,
    email,
    state,
  ]);
  return id;
}

export const addressOf = (userId: string): string => `${userId}@people.example`;

export interface NotificationSeen {
  recipient_id: string;
  kind: string;
  in_app: boolean;
  retracted: boolean;
}

export async function notificationsOf(pool: Pool, eventId: string): Promise<NotificationSeen[]> {
  const { rows } = await pool.query<NotificationSeen>(
    `SELECT recipient_id, kind, in_app, retracted_at IS NOT NULL AS retracted FROM notifications
     WHERE event_id = $1 ORDER BY recipient_id`,
    [eventId],
  );
  return rows;
}

export interface DeliverySeen {
  recipient_id: string;
  channel: string;
  state: string;
  reason: string | null;
  attempts: number;
}

export async function deliveriesOf(pool: Pool, eventId: string, channel = 'email'): Promise<DeliverySeen[]> {
  const { rows } = await pool.query<DeliverySeen>(
    `SELECT recipient_id, channel, state, reason, attempts FROM notification_deliveries
     WHERE event_id = $1 AND channel = $2 ORDER BY recipient_id`,
    [eventId, channel],
  );
  return rows;
}

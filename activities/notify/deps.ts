import { type Logger } from '../../runtime/logger';
import { type PgAggregateHistory } from '../stores/pg-aggregate-history';
import { type Channels } from './channel';
import { type PgContentOwners } from '../stores/pg-content-owners';
import { type PgDeliveryLedger } from './pg-delivery-ledger';
import { type EffectMeter } from '../effect-meter';
import { type PgEventStore } from '../stores/pg-event-store';
import { type FollowerSource } from '../stores/follower-source';
import { type PgOutboxProgress } from './pg-outbox-progress';
import { type PgNotificationStore } from './pg-notification-store';
import { type PgPreferences } from './pg-preferences';
import { type PgTombstones } from '../stores/pg-tombstones';
import { type PgUserDirectory } from './pg-user-directory';

/** What the notification activities need. */
export interface NotifyDeps {
  readonly events: PgEventStore;
  readonly history: PgAggregateHistory;
  readonly tombstones: PgTombstones;
  readonly followers: FollowerSource;
  readonly owners: PgContentOwners;
  /** How far the outboxes are whose events may say who owns something. */
  readonly progress: PgOutboxProgress;
  readonly preferences: PgPreferences;
  readonly store: PgNotificationStore;
  readonly ledger: PgDeliveryLedger;
  readonly users: PgUserDirectory;
  readonly channels: Channels;
  readonly logger: Logger;
  readonly limits?: Partial<NotifyLimits>;
  readonly meter?: EffectMeter | undefined;
}

export interface NotifyLimits {
  /** People per page: one statement writes a page. */
  readonly pageSize: number;
  /**
   * How long to wait for the owner of what an event points to, from the first try of the regular activity, when no event
   * that could say is under way.
   */
  readonly ownerPatienceMs: number;
  /** Sends of one event side by side on a channel that sets no limit of its own. */
  readonly sendConcurrency: number;
  /** After this long without a reply a claim has lost its holder. Longer than a send can take (smtp-channel.ts). */
  readonly claimLeaseMs: number;
  /** Messages that one person may cause another in an hour, on a channel that sets no limit of its own. */
  readonly sendsPerActorPerHour: number;
}

const defaults: NotifyLimits = {
  pageSize: 500,
  ownerPatienceMs: 120_000,
  sendConcurrency: 5,
  claimLeaseMs: 60_000,
  sendsPerActorPerHour: 10,
};

export function limitsOf(deps: NotifyDeps): NotifyLimits {
  return { ...defaults, ...deps.limits };
}

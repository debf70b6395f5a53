import { type Item, type Subject } from '../../contracts/events/consequences';
import { type NotificationKind } from '../../contracts/notification-kinds';
import { type ExternalChannel } from '../../contracts/notification-kinds';

/** What all notifications of one event share. */
export interface NotificationHead {
  readonly eventId: string;
  readonly sequence: number;
  readonly actorId: string | null;
  readonly subject: Subject;
  readonly item: Item;
}

/** One person to be notified. */
export interface NotificationRow {
  readonly recipientId: string;
  readonly kind: NotificationKind;
  readonly inApp: boolean;
  /** Deliveries by a provider: `pending`, or `skipped` with the reason. */
  readonly external: readonly { readonly channel: ExternalChannel; readonly skipped?: string | undefined }[];
}

/** Which notifications are taken back. */
export type Retraction = (
  | { readonly by: 'event'; readonly eventId: string }
  | { readonly by: 'subject'; readonly subject: Subject }
  | { readonly by: 'reaction'; readonly reactionId: string }
  | { readonly by: 'actor'; readonly actorId: string }
  /** What was said of one person following another. */
  | { readonly by: 'follow'; readonly followerId: string; readonly followeeId: string }
) & {
  /** Only those of events before this one; absent: all. */
  readonly beforeSequence?: number | undefined;
};

/** What one call of `retract` did. */
export interface Retracted {
  readonly count: number;
  /** The limit was reached: there may be more. */
  readonly more: boolean;
}

/** How many messages one person may cause another on each channel; the rest stays in the inbox. */
export interface SendLimit {
  /** A channel that is left out has no limit. */
  readonly perWindow: Readonly<Partial<Record<ExternalChannel, number>>>;
  readonly windowMs: number;
}

/** The notifications and their deliveries, as rows. Every method is idempotent. */
export interface NotificationStore {
  /**
   * Inserts those not there yet, with their deliveries, leaving out people who are hidden or deleted; returns how many.
   * Deliveries beyond the limit of their actor and recipient are `skipped` as LIMITED; a notice without an actor has none.
   */
  create(head: NotificationHead, rows: readonly NotificationRow[], limit?: SendLimit): Promise<number>;
  /** Of several live notices of this reaction, or of this person following, takes back all but the newest event's. */
  keepNewest(kind: NotificationKind, head: NotificationHead, recipientId: string): Promise<void>;
  /** Channels on which deliveries of this event are still open. */
  openChannels(eventId: string): Promise<readonly ExternalChannel[]>;
  /** Takes back up to `limit` notifications and gives up their pending deliveries. */
  retract(retraction: Retraction, limit: number): Promise<Retracted>;
  /** True while the person may be notified of this event: not retracted, and neither they nor the actor hidden. */
  stillWanted(eventId: string, recipientId: string): Promise<boolean>;
}

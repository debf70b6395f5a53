import { type NotificationKind } from '../../contracts/notification-kinds';
import { type ExternalChannel } from './channel';

/** What a notification is about and goes with when it is deleted. */
export interface Subject {
  readonly type: 'post' | 'message' | 'comment' | 'user' | 'stream';
  readonly id: string;
}

/** What exactly happened: the reaction on a post, the comment under it, or the subject itself. */
export interface Item {
  readonly type: string;
  readonly id: string;
}

/** What all notifications of one event share. */
export interface NotificationHead {
  readonly eventId: string;
  readonly sequence: number;
  readonly actorId: string | null;
  readonly subject: Subject;
  readonly item: Item;
}

/** One person to be told. */
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
) & {
  /** Only those of events before this one; absent: all. */
  readonly beforeSequence?: number | undefined;
};

export interface InboxEntry {
  readonly id: number;
  readonly eventId: string;
  readonly kind: NotificationKind;
  readonly actorId: string | null;
  readonly subject: Subject;
  readonly item: Item;
  readonly createdAt: Date;
  readonly read: boolean;
}

/** The notifications and their deliveries, as rows. Every method is idempotent. */
export interface NotificationStore {
  /** Inserts those not there yet, with their deliveries, leaving out people who are hidden or deleted; answers how many. */
  create(head: NotificationHead, rows: readonly NotificationRow[]): Promise<number>;
  /** Channels on which deliveries of this event are still open. */
  openChannels(eventId: string): Promise<readonly ExternalChannel[]>;
  /** Takes back up to `limit` notifications and gives up their pending deliveries; answers how many: 0 means no more. */
  retract(retraction: Retraction, limit: number): Promise<number>;
  /** True while the person may be told of this event: not retracted, and neither they nor the actor hidden. */
  stillWanted(eventId: string, recipientId: string): Promise<boolean>;
}

/** What a person sees. */
export interface Inbox {
  unreadCount(userId: string): Promise<number>;
  /** Newest first; `before` is the id of the last entry of the page before. */
  list(userId: string, page: { readonly before?: number; readonly limit: number }): Promise<readonly InboxEntry[]>;
  /** Marks everything up to and including this entry as read: one watermark, so that badge and list agree. */
  markRead(userId: string, upToId: number): Promise<number>;
}

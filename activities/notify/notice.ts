import { type NotificationKind } from '../../contracts/notification-kinds';
import { type ContentOwner, type ContentType } from '../stores/content-owners';
import { type Item, type Subject } from './notification-store';
import { type SubjectType } from '../stores/tombstones';

/** What an event says about who is notified, before anything is looked up. */
export interface Notice {
  /** Who caused it, and is never notified of it; null for the system. */
  readonly actorId: string | null;
  readonly subject: Subject;
  readonly item: Item;
  /** A tombstone on any of these takes the notifications back. */
  readonly voidedBy: readonly { readonly type: SubjectType; readonly id: string }[];
  /** Named in the event. A person named twice is notified of the first kind only. */
  readonly notified: readonly { readonly kind: NotificationKind; readonly userIds: readonly string[] }[];
  /** The owner of this content is notified as well, unless named above. */
  readonly owner?: {
    readonly contentType: ContentType;
    readonly contentId: string;
    /** When the event names the owner itself. */
    readonly ownerId: string | undefined;
    readonly kind: NotificationKind;
  };
  /** Everyone who follows this user is notified, instead of the named. */
  readonly followersOf?: { readonly userId: string; readonly kind: NotificationKind };
  /** Content the event created, remembered so that later events find its owner. */
  readonly creates?: { readonly contentType: 'message' | 'comment'; readonly contentId: string } & ContentOwner;
  /** What kind of alert: chooses the wording. A code of the catalogue, never content. */
  readonly detail?: string;
}

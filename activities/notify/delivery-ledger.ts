import { type NotificationKind } from '../../contracts/notification-kinds';
import { type ExternalChannel } from '../../contracts/notification-kinds';

/** A delivery someone may send now: its claim was committed before. */
export interface ClaimedDelivery {
  readonly eventId: string;
  readonly recipientId: string;
  readonly channel: ExternalChannel;
  readonly kind: NotificationKind;
  readonly actorId: string | null;
  /** When it was claimed, epoch milliseconds by the database's clock. */
  readonly claimedAtMs: number;
  /** Fencing token: only its holder may settle the delivery. */
  readonly token: string;
}

/** How a claimed delivery ended. `pending`: surely not sent, a later attempt takes it. Reasons are codes. */
export type DeliverySettlement =
  | { readonly state: 'sent'; readonly providerId?: string | undefined }
  | { readonly state: 'failed' | 'unknown' | 'skipped' | 'pending'; readonly reason: string };

export type DeliveryState = 'pending' | 'claimed' | 'sent' | 'failed' | 'unknown' | 'skipped';
export type DeliveryCounts = Readonly<Record<DeliveryState, number>>;

/** What was delivered, on what channel, to whom: the lasting guard against a second delivery. */
export interface DeliveryLedger {
  /**
   * Claims one pending delivery, for this token alone. One that this token had already and gave back is left for the next
   * attempt. Undefined: none left.
   */
  claimNext(eventId: string, channel: ExternalChannel, token: string): Promise<ClaimedDelivery | undefined>;
  /**
   * Records how a claim ended; false when the claim is not ours any more. An answer that comes after others gave the
   * claim up still counts: `sent` and `failed` replace `unknown`.
   */
  settle(claim: ClaimedDelivery, settlement: DeliverySettlement): Promise<boolean>;
  /** Claims older than this have lost their holder: no one knows whether they were sent. They become `unknown`. */
  giveUpClaims(eventId: string, channel: ExternalChannel, olderThanMs: number): Promise<number>;
  /** Milliseconds until the first of the claims may be given up; 0 when it may be, or when there is none. */
  leaseLeftMs(eventId: string, channel: ExternalChannel, leaseMs: number): Promise<number>;
  /** Ends everything that is pending. */
  skipPending(eventId: string, channel: ExternalChannel, reason: string): Promise<number>;
  counts(eventId: string, channel: ExternalChannel): Promise<DeliveryCounts>;
}

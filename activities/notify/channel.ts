import { type ExternalChannel, type NotificationKind } from '../../contracts/notification-kinds';

/** How a person is reached and named. */
export interface Contact {
  /** UUID: the address itself, for a provider that knows the user's devices by our id. */
  readonly userId: string;
  /** Personal data: never logged, never in workflow history. */
  readonly email: string | undefined;
  readonly displayName: string | undefined;
  /** False when the person is hidden or deleted. */
  readonly active: boolean;
}

/** What is said on a channel, composed for it: subject and text of an e-mail, title and body of a push message. */
export interface Message {
  readonly subject: string;
  readonly text: string;
}

/** What a channel composes its message from. Never the content itself: messages are read on lock screens. */
export interface NoticeText {
  readonly kind: NotificationKind;
  /** Undefined: no name is known, or no person caused it. */
  readonly actorName: string | undefined;
  /** What kind of alert; a code of the catalogue. */
  readonly detail: string | undefined;
}

/** One notification for one destination, as its channel composed it. */
export interface OutgoingDelivery extends Message {
  /** The same for every try of one delivery: what providers deduplicate by. */
  readonly deliveryId: string;
  /** Personal data: never logged, never in an error. */
  readonly address: string;
}

/** Where a channel leaves one out, that of NotifyLimits holds. */
export interface ChannelLimits {
  /** Sends of one event side by side. */
  readonly sendConcurrency: number;
  /** Messages that one person may cause another in an hour; the rest is in the inbox only. */
  readonly sendsPerActorPerHour: number;
}

/**
 * The typed result of one try. `reason` is a code, never the provider's text, since that may hold the address.
 * - `accepted`  the provider took it over
 * - `refused`   it never will; this delivery is over
 * - `not_sent`  surely not sent, a later try may succeed; scope `channel`: others would fare the same now
 * - `unknown`   the reply was lost after the content went out; sending again could deliver twice
 */
export type SendOutcome =
  | { readonly kind: 'accepted'; readonly providerId?: string | undefined }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'not_sent';
      readonly reason: string;
      readonly scope: 'delivery' | 'channel';
      readonly retryAfterMs?: number | undefined;
      /** For people: which server, and how it was not reached. Never what a provider replied. */
      readonly detail?: string | undefined;
    }
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * A way to reach people outside the app: whatever differs between two of them is here (channels.ts lists them).
 *
 * A port: one implementation for each provider.
 */
export interface DeliveryChannel {
  readonly name: ExternalChannel;
  readonly limits?: Partial<ChannelLimits>;
  /** Where this channel reaches a person: an address, several devices, or nowhere. Each gets the message. */
  destinations(contact: Contact): readonly string[];
  compose(notice: NoticeText): Message;
  /**
   * One try of one destination, no retries of its own, bounded in time. Returns also when the provider is away; throws only
   * for bugs.
   */
  send(delivery: OutgoingDelivery): Promise<SendOutcome>;
  /** Whether the provider takes messages now, without sending any. Rejects when it does not reply, or refuses the login. */
  check?(): Promise<void>;
  /** Lets what is being sent finish, then closes the connections. */
  close?(): void;
}

/** The channels this deployment has; one that is missing is switched off. */
export type Channels = ReadonlyMap<ExternalChannel, DeliveryChannel>;

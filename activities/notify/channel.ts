import { type Channel as ChannelName } from '../../contracts/notification-kinds';
import { type Contact } from './user-directory';

/** Channels that go through a provider, each claimed in the delivery ledger before it is sent. */
export type ExternalChannel = Exclude<ChannelName, 'in_app'>;

/** One notification for one person, rendered for a channel. */
export interface OutgoingDelivery {
  /** The same for every try of one delivery: what providers deduplicate by. */
  readonly deliveryId: string;
  /** Personal data: never logged, never in an error. */
  readonly address: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * The typed answer of one try. `reason` is a code, never the provider's text, since that may hold the address.
 * - `accepted`  the provider took it over
 * - `refused`   it never will; this delivery is over
 * - `not_sent`  surely not sent, a later try may succeed; scope `channel`: others would fare the same now
 * - `unknown`   the answer was lost after the content went out; sending again could deliver twice
 */
export type SendOutcome =
  | { readonly kind: 'accepted'; readonly providerId?: string | undefined }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'not_sent';
      readonly reason: string;
      readonly scope: 'delivery' | 'channel';
      readonly retryAfterMs?: number | undefined;
    }
  | { readonly kind: 'unknown'; readonly reason: string };

/** A way to reach people outside the app. Push and SMS are further adapters of this port. */
export interface Channel {
  readonly name: ExternalChannel;
  /** The address this channel uses of a person, or undefined when it cannot reach them. */
  addressOf(contact: Contact): string | undefined;
  /** One try, no retries of its own, bounded in time. Returns also when the provider is away; throws only for bugs. */
  send(delivery: OutgoingDelivery): Promise<SendOutcome>;
}

/** The channels this deployment has; one that is missing is switched off. */
export type Channels = ReadonlyMap<ExternalChannel, Channel>;

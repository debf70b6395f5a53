import { type ExternalChannel } from '../../contracts/notification-kinds';
import { type ConfigOf } from '../../runtime/config';
import { type DeliveryChannel, type Channels } from './channel';
import { emailSettings, openEmail } from './email';

/** The settings of every channel. */
export const channelSettings = { ...emailSettings } as const;

type Config = ConfigOf<typeof channelSettings> & { readonly deliveryLeaseMs: number };

/** Every channel there is. Each opens itself, or returns undefined when this deployment does not configure it. */
const openers: Readonly<Record<ExternalChannel, (config: Config) => DeliveryChannel | undefined>> = {
  email: openEmail,
};

/** The channels that this deployment has; close each of them at the end. */
export function openChannels(config: Config): Channels {
  const opened = Object.entries(openers).map(([name, open]) => [name as ExternalChannel, open(config)] as const);
  return new Map(opened.flatMap(([name, channel]) => (channel === undefined ? [] : [[name, channel]])));
}

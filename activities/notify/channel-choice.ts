import {
  type Channel,
  type ExternalChannel,
  type NotificationKind,
  channels,
  isDefault,
  isLocked,
} from '../../contracts/notification-kinds';
import { type NotificationRow } from './pg-notification-store';
import { type Preference } from './pg-preferences';
import { type Recipient } from './audience';

/** Why a delivery that could have been made was not. Stored on the delivery, so that it can be explained later. */
export const skipReasons = {
  switchedOff: 'SWITCHED_OFF',
  channelOff: 'CHANNEL_OFF',
  noAddress: 'NO_ADDRESS',
  retracted: 'RETRACTED',
  /** It waited until it was no news any more. */
  tooOld: 'TOO_OLD',
  /** The actor has caused this person enough messages for now; written by the store. */
  limited: 'LIMITED',
} as const;

type Switch = 'on' | 'off' | 'unset';

/**
 * The channels of each recipient: the locked ones always, else what the person said, else the kind's defaults. A channel
 * this deployment has not, or that the person switched off, leaves a skipped delivery that says so.
 */
export function chooseChannels(
  recipients: readonly Recipient[],
  preferences: readonly Preference[],
  available: ReadonlySet<ExternalChannel>,
): NotificationRow[] {
  const switches = new Map(
    preferences.map((p) => [key(p.userId, p.kind, p.channel), p.enabled ? 'on' : 'off'] as const),
  );
  return recipients.map(({ recipientId, kind }) => {
    const wants = (channel: Channel): boolean =>
      wanted(kind, channel, switches.get(key(recipientId, kind, channel)) ?? 'unset');
    return {
      recipientId,
      kind,
      inApp: wants('in_app'),
      external: channels.flatMap((channel): NotificationRow['external'] => {
        if (channel === 'in_app') return [];
        if (wants(channel)) return [{ channel, skipped: available.has(channel) ? undefined : skipReasons.channelOff }];
        return isDefault(kind, channel) ? [{ channel, skipped: skipReasons.switchedOff }] : [];
      }),
    };
  });
}

/** Whether a message may still go out on a channel, by what the person says now. */
export function stillSwitchedOn(
  kind: NotificationKind,
  channel: ExternalChannel,
  preferences: readonly Preference[],
): boolean {
  const said = preferences.find((p) => p.kind === kind && p.channel === channel);
  return wanted(kind, channel, said === undefined ? 'unset' : said.enabled ? 'on' : 'off');
}

function wanted(kind: NotificationKind, channel: Channel, said: Switch): boolean {
  if (isLocked(kind, channel)) return true;
  return said === 'unset' ? isDefault(kind, channel) : said === 'on';
}

function key(userId: string, kind: NotificationKind, channel: Channel): string {
  return `${userId} ${kind} ${channel}`;
}

import { chooseChannels } from '../../../../activities/notify/channel-choice';
import { type ExternalChannel } from '../../../../contracts/notification-kinds';
import { type Preference } from '../../../../activities/notify/pg-preferences';
import { type NotificationKind } from '../../../../contracts/notification-kinds';

const user = 'u';
const email: ReadonlySet<ExternalChannel> = new Set(['email']);

function choose(kind: NotificationKind, preferences: readonly Preference[] = [], available = email) {
  return chooseChannels([{ recipientId: user, kind }], preferences, available)[0];
}
const said = (kind: NotificationKind, channel: 'in_app' | 'email', enabled: boolean): Preference => ({
  userId: user,
  kind,
  channel,
  enabled,
});

describe('channels of a notification', () => {
  it('are the defaults of its kind when the person said nothing', () => {
    expect(choose('message.mention')).toMatchObject({ inApp: true, external: [{ channel: 'email' }] });
    expect(choose('message.received')).toMatchObject({ inApp: true, external: [] });
  });

  it('follow what the person switched off, and leave a trace of it', () => {
    const preferences = [said('message.mention', 'email', false), said('message.mention', 'in_app', false)];
    expect(choose('message.mention', preferences)).toMatchObject({
      inApp: false,
      external: [{ channel: 'email', skipped: 'SWITCHED_OFF' }],
    });
  });

  it('follow what the person switched on beyond the defaults', () => {
    expect(choose('follow.received', [said('follow.received', 'email', true)])?.external).toEqual([
      { channel: 'email', skipped: undefined },
    ]);
  });

  it('obey only switches of this kind and this person', () => {
    const others = [said('post.mention', 'email', false), { ...said('message.mention', 'email', false), userId: 'v' }];
    expect(choose('message.mention', others)?.external).toEqual([{ channel: 'email', skipped: undefined }]);
  });

  it('cannot be switched off where the kind locks them', () => {
    const preferences = [said('security.alert', 'email', false), said('security.alert', 'in_app', false)];
    expect(choose('security.alert', preferences)).toMatchObject({
      inApp: true,
      external: [{ channel: 'email', skipped: undefined }],
    });
  });

  it('are skipped with a reason where this deployment has not the channel', () => {
    expect(choose('security.alert', [], new Set())?.external).toEqual([{ channel: 'email', skipped: 'CHANNEL_OFF' }]);
  });
});

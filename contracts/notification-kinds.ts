/** Channels a notification can take. In-app rows are made by us; the others go through a provider. */
export const channels = ['in_app', 'email'] as const;
export type Channel = (typeof channels)[number];
/** Channels that go through a provider, each delivery claimed in the ledger before it is sent. */
export type ExternalChannel = Exclude<Channel, 'in_app'>;

/** In the result of a workflow: the name of the count of deliveries that the provider of a channel took over. */
export const sentCounts: Readonly<Record<ExternalChannel, string>> = { email: 'emailed' };

interface KindEntry {
  readonly meaning: string;
  /** Channels used when the user has said nothing. */
  readonly defaultChannels: readonly Channel[];
  /** Channels that no preference can switch off: the owner of an account must learn about its security. */
  readonly lockedChannels: readonly Channel[];
  /** A message that waited longer than this is not sent any more: by then it only disturbs. The inbox keeps the notice. */
  readonly expiresAfterHours: number;
  /**
   * Of several that say the same only the newest stays, for what may be put on and off again and again. `item`: those of one thing
   * (this reaction); `actor`: those that one person causes (this follower).
   */
  readonly single?: 'item' | 'actor';
}

const kinds = {
  'message.received': {
    meaning: 'A user sent you a message.',
    defaultChannels: ['in_app'],
    lockedChannels: [],
    expiresAfterHours: 24,
  },
  'message.mention': {
    meaning: 'A user mentioned you in a message.',
    defaultChannels: ['in_app', 'email'],
    lockedChannels: [],
    expiresAfterHours: 24,
  },
  'post.mention': {
    meaning: 'A user mentioned you in a post.',
    defaultChannels: ['in_app', 'email'],
    lockedChannels: [],
    expiresAfterHours: 72,
  },
  'comment.received': {
    meaning: 'A user commented on your post.',
    defaultChannels: ['in_app'],
    lockedChannels: [],
    expiresAfterHours: 72,
  },
  'comment.mention': {
    meaning: 'A user mentioned you in a comment.',
    defaultChannels: ['in_app', 'email'],
    lockedChannels: [],
    expiresAfterHours: 72,
  },
  'reaction.received': {
    meaning: 'A user reacted to something of yours.',
    defaultChannels: ['in_app'],
    lockedChannels: [],
    expiresAfterHours: 24,
    single: 'item',
  },
  'follow.received': {
    meaning: 'A user follows you.',
    defaultChannels: ['in_app'],
    lockedChannels: [],
    expiresAfterHours: 24,
    single: 'actor',
  },
  'live.started': {
    meaning: 'A user whom you follow went live.',
    defaultChannels: ['in_app'],
    lockedChannels: [],
    expiresAfterHours: 1,
  },
  'security.alert': {
    meaning: 'Something happened to your account.',
    defaultChannels: ['in_app', 'email'],
    lockedChannels: ['in_app', 'email'],
    expiresAfterHours: 720,
  },
} as const satisfies Record<string, KindEntry>;

export type NotificationKind = keyof typeof kinds;

export const notificationKinds: Readonly<Record<NotificationKind, KindEntry>> = kinds;

/** Whether the kind goes out on this channel when the user has said nothing. */
export function isDefault(kind: NotificationKind, channel: Channel): boolean {
  const defaults: readonly Channel[] = notificationKinds[kind].defaultChannels;
  return defaults.includes(channel);
}

/** Whether the kind goes out on this channel whatever the user says. */
export function isLocked(kind: NotificationKind, channel: Channel): boolean {
  const locked: readonly Channel[] = notificationKinds[kind].lockedChannels;
  return locked.includes(channel);
}

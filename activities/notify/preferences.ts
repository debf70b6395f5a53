import { type Channel, type NotificationKind } from '../../contracts/notification-kinds';

/** One switch a person has set. */
export interface Preference {
  readonly userId: string;
  readonly kind: NotificationKind;
  readonly channel: Channel;
  readonly enabled: boolean;
}

/** What people said about how they want to be notified. */
export interface Preferences {
  /** Every switch these people have set for these kinds, in one query. */
  of(userIds: readonly string[], kinds: readonly NotificationKind[]): Promise<readonly Preference[]>;
}

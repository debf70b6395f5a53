import { type Channel, type NotificationKind } from '../../contracts/notification-kinds';
import { type Database } from '../../runtime/postgres';
import { query } from '../stores/pg-query';

/** One switch a person has set. */
export interface Preference {
  readonly userId: string;
  readonly kind: NotificationKind;
  readonly channel: Channel;
  readonly enabled: boolean;
}

const select = `
  SELECT user_id, kind, channel, enabled FROM nova.notification_preferences
  WHERE user_id = ANY($1::uuid[]) AND kind = ANY($2::text[])`;

/** What people said about how they want to be notified. */
export class PgPreferences {
  constructor(private readonly database: Database) {}

  /** Every switch these people have set for these kinds, in one query. */
  async of(userIds: readonly string[], kinds: readonly NotificationKind[]): Promise<readonly Preference[]> {
    type Row = { user_id: string; kind: NotificationKind; channel: Channel; enabled: boolean };
    const { rows } = await query<Row>(this.database, select, [userIds, kinds]);
    return rows.map((row) => ({ userId: row.user_id, kind: row.kind, channel: row.channel, enabled: row.enabled }));
  }
}

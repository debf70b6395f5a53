import { type Channel, type NotificationKind } from '../../contracts/notification-kinds';
import { type Database } from '../../runtime/postgres';
import { type Preference, type Preferences } from './preferences';
import { query } from '../stores/pg-query';

const select = `
  SELECT user_id, kind, channel, enabled FROM nova.notification_preferences
  WHERE user_id = ANY($1::uuid[]) AND kind = ANY($2::text[])`;

export class PgPreferences implements Preferences {
  constructor(private readonly database: Database) {}

  async of(userIds: readonly string[], kinds: readonly NotificationKind[]): Promise<readonly Preference[]> {
    type Row = { user_id: string; kind: NotificationKind; channel: Channel; enabled: boolean };
    const { rows } = await query<Row>(this.database, select, [userIds, kinds]);
    return rows.map((row) => ({ userId: row.user_id, kind: row.kind, channel: row.channel, enabled: row.enabled }));
  }
}

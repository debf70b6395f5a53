import { type NotificationKind } from '../../contracts/notification-kinds';
import { type Database } from '../../runtime/postgres';
import { type Inbox, type InboxEntry, type Subject } from '../ports/notification-store';
import { query } from './pg-query';

/** Hidden people are hidden at read, so that a soft delete needs no rewrite of everybody's inbox. */
const shown = `
  n.recipient_id = $1 AND n.in_app AND n.retracted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM nova.user_profiles u WHERE u.user_id = n.actor_id AND u.state <> 'active')`;

const countUnread = `SELECT count(*)::int AS unread FROM nova.notifications n WHERE ${shown} AND n.read_at IS NULL`;

const selectPage = `
  SELECT n.id, n.event_id, n.kind, n.actor_id, n.subject_type, n.subject_id, n.item_type, n.item_id, n.created_at,
         n.read_at IS NOT NULL AS read
  FROM nova.notifications n WHERE ${shown} AND ($2::bigint IS NULL OR n.id < $2)
  ORDER BY n.id DESC LIMIT $3`;

const markUpTo = `
  UPDATE nova.notifications SET read_at = now()
  WHERE recipient_id = $1 AND in_app AND read_at IS NULL AND retracted_at IS NULL AND id <= $2`;

interface Row {
  id: number;
  event_id: string;
  kind: NotificationKind;
  actor_id: string | null;
  subject_type: Subject['type'];
  subject_id: string;
  item_type: string;
  item_id: string;
  created_at: Date;
  read: boolean;
}

export class PgInbox implements Inbox {
  constructor(private readonly database: Database) {}

  async unreadCount(userId: string): Promise<number> {
    const { rows } = await query<{ unread: number }>(this.database, countUnread, [userId]);
    return rows[0]?.unread ?? 0;
  }

  async list(userId: string, page: { before?: number; limit: number }): Promise<readonly InboxEntry[]> {
    const { rows } = await query<Row>(this.database, selectPage, [userId, page.before ?? null, page.limit]);
    return rows.map((row) => ({
      id: row.id,
      eventId: row.event_id,
      kind: row.kind,
      actorId: row.actor_id,
      subject: { type: row.subject_type, id: row.subject_id },
      item: { type: row.item_type, id: row.item_id },
      createdAt: row.created_at,
      read: row.read,
    }));
  }

  async markRead(userId: string, upToId: number): Promise<number> {
    return (await query(this.database, markUpTo, [userId, upToId])).rowCount ?? 0;
  }
}

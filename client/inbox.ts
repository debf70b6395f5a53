import { type NotificationKind } from '../contracts/notification-kinds';
import { type Statements } from '../feeds/sql-feed-truth';
import { uuidOf, wholeNumber } from './limits';
import { statementsIn } from './statements-in';

export interface InboxEntry {
  /** Rises with each notification of the deployment. */
  readonly id: number;
  /** UUID of the event that caused it. */
  readonly eventId: string;
  readonly kind: NotificationKind;
  /** UUID of who caused it; null: the system. */
  readonly actorId: string | null;
  /** What it is about and goes with when that is deleted. `id` is a UUID. */
  readonly subject: { readonly type: 'post' | 'message' | 'comment' | 'user' | 'stream'; readonly id: string };
  /** What exactly happened: the comment, the reaction (`target:user:emoji`), or the subject itself. */
  readonly item: { readonly type: string; readonly id: string };
  readonly createdAt: Date;
  readonly read: boolean;
}

export interface InboxPage {
  /** Newest first. */
  readonly entries: readonly InboxEntry[];
  /** Give it as `before` to read on. Null: the end. */
  readonly next: number | null;
}

/** The view hides hidden people and archived posts at read, so that neither needs a rewrite of every inbox. */
const countUnread = `SELECT count(*)::int AS count FROM nova.nova_inbox n WHERE n.recipient_id = $1 AND n.read_at IS NULL`;

const selectPage = `
  SELECT n.id, n.event_id, n.kind, n.actor_id, n.subject_type, n.subject_id, n.item_type, n.item_id, n.created_at, n.read
  FROM nova.nova_inbox n WHERE n.recipient_id = $1 AND ($2::bigint IS NULL OR n.id < $2)
  ORDER BY n.id DESC LIMIT $3`;

const unread = 'recipient_id = $1 AND in_app AND read_at IS NULL AND retracted_at IS NULL';
const counted = (change: string): string =>
  `WITH changed AS (${change} RETURNING 1) SELECT count(*)::int AS count FROM changed`;
const markOne = counted(`UPDATE nova.notifications SET read_at = now() WHERE ${unread} AND id = $2`);
const markUpTo = counted(`UPDATE nova.notifications SET read_at = now() WHERE ${unread} AND id <= $2`);
const markAll = counted(`UPDATE nova.notifications SET read_at = now() WHERE ${unread}`);
// Not listed any more. The row stays: a second try of the same event must find it, or it would be there again.
const unlist = counted(`
  UPDATE nova.notifications SET in_app = false
  WHERE recipient_id = $1 AND id = $2 AND in_app AND retracted_at IS NULL`);

interface Row {
  id: number | string;
  event_id: string;
  kind: NotificationKind;
  actor_id: string | null;
  subject_type: InboxEntry['subject']['type'];
  subject_id: string;
  item_type: string;
  item_id: string;
  created_at: Date | string;
  read: boolean;
}

/**
 * What a person is notified of in the app. Notifications that were taken back, those of people who are hidden,
 * and those about posts that are archived now, are neither listed nor counted.
 *
 * Every method throws RangeError for an argument that cannot be right, before a statement is sent; what `database` throws
 * passes through. Changes are visible when the statement has ended, or when the caller's transaction has.
 */
export class Inbox {
  private readonly database: Statements;

  /**
   * @param database a pool of `pg`, a client in a transaction, or anything with its `query`
   * @param options.schema DATABASE_SCHEMA of the deployment; default `nova`
   */
  constructor(database: Statements, options: { readonly schema?: string } = {}) {
    this.database = statementsIn(database, options.schema);
  }

  /**
   * A page of the inbox.
   * @param page.before `next` of the page before
   * @param page.limit entries on the page, 1 to 500; default 20
   */
  async list(
    userId: string,
    page: { readonly before?: number | null | undefined; readonly limit?: number } = {},
  ): Promise<InboxPage> {
    const limit = wholeNumber('limit', page.limit ?? 20, 1, 500);
    const before = page.before == null ? null : idOf('before', page.before);
    const rows = await this.rows<Row>(selectPage, [uuidOf('userId', userId), before, limit]);
    const entries = rows.map(entryOf);
    return { entries, next: entries.length < limit ? null : (entries.at(-1)?.id ?? null) };
  }

  /** How many are listed and not read. */
  async unreadCount(userId: string): Promise<number> {
    return this.count(countUnread, [uuidOf('userId', userId)]);
  }

  /** Marks one as read. Returns 0 when it was read before, or is not one of this person. */
  async markRead(userId: string, id: number): Promise<number> {
    return this.count(markOne, [uuidOf('userId', userId), idOf('id', id)]);
  }

  /** Marks this entry and all older ones as read: one watermark, so that badge and list agree. Returns how many were unread. */
  async markReadUpTo(userId: string, id: number): Promise<number> {
    return this.count(markUpTo, [uuidOf('userId', userId), idOf('id', id)]);
  }

  /**
   * Marks all as read, also what came since the person last looked; `markReadUpTo` with the newest entry shown does not.
   * Returns how many were unread.
   */
  async markAllRead(userId: string): Promise<number> {
    return this.count(markAll, [uuidOf('userId', userId)]);
  }

  /** Takes one out of the inbox for good. Returns 0 when it is not there, or is not one of this person. */
  async delete(userId: string, id: number): Promise<number> {
    return this.count(unlist, [uuidOf('userId', userId), idOf('id', id)]);
  }

  private async count(text: string, values: unknown[]): Promise<number> {
    return (await this.rows<{ count: number }>(text, values))[0]?.count ?? 0;
  }

  private async rows<R>(text: string, values: unknown[]): Promise<R[]> {
    return (await this.database.query(text, values)).rows as R[];
  }
}

const idOf = (what: string, id: number): number => wholeNumber(what, id, 1, Number.MAX_SAFE_INTEGER);

function entryOf(row: Row): InboxEntry {
  return {
    // A bigint is text by default.
    id: Number(row.id),
    eventId: row.event_id,
    kind: row.kind,
    actorId: row.actor_id,
    subject: { type: row.subject_type, id: row.subject_id },
    item: { type: row.item_type, id: row.item_id },
    createdAt: new Date(row.created_at),
    read: row.read,
  };
}

import { type Item, type Subject } from '../../contracts/events/consequences';
import { type Domain } from '../../contracts/events/define';
import { kindsOf } from '../../contracts/sequence-domains';
import { type ExternalChannel, type NotificationKind, notificationKinds } from '../../contracts/notification-kinds';
import { type Database } from '../../runtime/postgres';
import { type EffectMeter } from '../effect-meter';
import { query } from '../stores/pg-query';
import { type Choice, type RetractedRow, newestStays, retractStatement } from './retract-notices.sql';

/** What all notifications of one event share. */
export interface NotificationHead {
  readonly eventId: string;
  readonly sequence: number;
  readonly actorId: string | null;
  readonly subject: Subject;
  readonly item: Item;
}

/** One person to be notified. */
export interface NotificationRow {
  readonly recipientId: string;
  readonly kind: NotificationKind;
  readonly inApp: boolean;
  /** Deliveries by a provider: `pending`, or `skipped` with the reason. */
  readonly external: readonly { readonly channel: ExternalChannel; readonly skipped?: string | undefined }[];
}

/** Which notifications are taken back. */
export type Retraction = (
  | { readonly by: 'event'; readonly eventId: string }
  | { readonly by: 'subject'; readonly subject: Subject }
  | { readonly by: 'reaction'; readonly reactionId: string }
  | { readonly by: 'actor'; readonly actorId: string }
  /** What was said of one person following another. */
  | { readonly by: 'follow'; readonly followerId: string; readonly followeeId: string }
) & {
  /** Only those of events of this domain before this sequence; absent: all. */
  readonly before?: { readonly sequence: number; readonly domain: Domain } | undefined;
};

/** What one call of `retract` did. */
export interface Retracted {
  readonly count: number;
  /** The limit was reached: there may be more. */
  readonly more: boolean;
}

/** Deliveries that were settled as they were made. */
interface Settled {
  readonly channel: string;
  readonly state: string;
  readonly reason: string | null;
  readonly count: number;
}

/** How many messages one person may cause another on each channel; the rest stays in the inbox. */
export interface SendLimit {
  /** A channel that is left out has no limit. */
  readonly perWindow: Readonly<Partial<Record<ExternalChannel, number>>>;
  readonly windowMs: number;
}

/** Also when it begins later than now: the clock was set back. */
const windowIsOver = `(a.window_began <= clock_timestamp() - $15::bigint * interval '1 millisecond'
        OR a.window_began > clock_timestamp())`;

/**
 * Notifications and their deliveries in one statement, so that a process that dies in between loses nothing: either a
 * person is notified on every channel, or the retry finds nothing and starts over. Takes about 20 ms for 500 people.
 */
const insert = `
  WITH made AS (
    INSERT INTO nova.notifications
      (event_id, sequence, actor_id, subject_type, subject_id, item_type, item_id, recipient_id, kind, in_app)
    SELECT $1::uuid, $2::bigint, $3::uuid, $4, $5, $6, $7, w.recipient_id, w.kind, w.in_app
    FROM unnest($8::uuid[], $9::text[], $10::boolean[]) AS w (recipient_id, kind, in_app)
    WHERE NOT EXISTS (SELECT 1 FROM nova.user_profiles u WHERE u.user_id = w.recipient_id AND u.state <> 'active')
    ON CONFLICT (event_id, recipient_id) DO NOTHING
    RETURNING recipient_id, kind, in_app
  ), external AS (
    SELECT made.recipient_id, made.kind, e.channel, e.skipped
    FROM made JOIN unnest($11::uuid[], $12::text[], $13::text[]) AS e (recipient_id, channel, skipped) USING (recipient_id)
  ), allowed AS (
    -- In order of the key, so that two events of one actor never wait for each other in a circle.
    INSERT INTO nova.send_allowances AS a (actor_id, recipient_id, channel, window_began, used)
    SELECT $3::uuid, recipient_id, channel, clock_timestamp(), 1 FROM external
    WHERE skipped IS NULL AND $3::uuid IS NOT NULL AND $14::jsonb ->> channel IS NOT NULL
    ORDER BY recipient_id, channel
    ON CONFLICT (actor_id, recipient_id, channel) DO UPDATE SET
      window_began = CASE WHEN ${windowIsOver} THEN excluded.window_began ELSE a.window_began END,
      used = CASE WHEN ${windowIsOver} THEN 1 ELSE a.used + 1 END
    WHERE ${windowIsOver} OR a.used < ($14::jsonb ->> a.channel)::int
    RETURNING recipient_id, channel
  ), judged AS (
    SELECT recipient_id, kind, channel, CASE
      WHEN skipped IS NOT NULL THEN skipped
      WHEN $3::uuid IS NOT NULL AND $14::jsonb ->> x.channel IS NOT NULL
        AND NOT EXISTS (SELECT FROM allowed l WHERE l.recipient_id = x.recipient_id AND l.channel = x.channel)
      THEN 'LIMITED' END AS skipped
    FROM external x
  ), delivered AS (
    INSERT INTO nova.notification_deliveries (event_id, recipient_id, channel, kind, state, sent_at, reason)
    SELECT $1::uuid, recipient_id, 'in_app', kind,
           CASE WHEN in_app THEN 'sent' ELSE 'skipped' END,
           CASE WHEN in_app THEN now() END,
           CASE WHEN NOT in_app THEN 'SWITCHED_OFF' END
    FROM made
    UNION ALL
    SELECT $1::uuid, recipient_id, channel, kind, CASE WHEN skipped IS NULL THEN 'pending' ELSE 'skipped' END, NULL, skipped
    FROM judged
    ON CONFLICT (event_id, recipient_id, channel) DO NOTHING
    RETURNING channel, state, reason
  )
  SELECT (SELECT count(*)::int FROM made) AS created, coalesce((SELECT jsonb_agg(d) FROM (
    SELECT channel, state, reason, count(*) AS count FROM delivered WHERE state <> 'pending' GROUP BY channel, state, reason
  ) d), '[]') AS settled`;

const selectOpenChannels = `
  SELECT DISTINCT channel FROM nova.notification_deliveries WHERE event_id = $1 AND state IN ('pending', 'claimed')`;

const selectWanted = `
  SELECT 1 FROM nova.notifications n
  WHERE n.event_id = $1 AND n.recipient_id = $2 AND n.retracted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM nova.user_profiles u WHERE u.user_id IN (n.recipient_id, n.actor_id) AND u.state <> 'active')`;

/** The notifications and their deliveries, as rows. Every method is idempotent. */
export class PgNotificationStore {
  constructor(
    private readonly database: Database,
    private readonly meter?: Pick<EffectMeter, 'deliveries'>,
  ) {}

  /**
   * Inserts those not there yet, with their deliveries, leaving out people who are hidden or deleted; returns how many.
   * Deliveries beyond the limit of their actor and recipient are `skipped` as LIMITED; a notice without an actor has none.
   */
  async create(head: NotificationHead, rows: readonly NotificationRow[], limit?: SendLimit): Promise<number> {
    if (rows.length === 0) return 0;
    const external = rows.flatMap((row) => row.external.map((delivery) => ({ ...delivery, to: row.recipientId })));
    const result = await query<{ created: number; settled: Settled[] }>(this.database, insert, [
      head.eventId,
      head.sequence,
      head.actorId,
      head.subject.type,
      head.subject.id,
      head.item.type,
      head.item.id,
      rows.map((row) => row.recipientId),
      rows.map((row) => row.kind),
      rows.map((row) => row.inApp),
      external.map((delivery) => delivery.to),
      external.map((delivery) => delivery.channel),
      external.map((delivery) => delivery.skipped ?? null),
      limit?.perWindow ?? null,
      limit?.windowMs ?? 0,
    ]);
    for (const { channel, state, reason, count } of result.rows[0]?.settled ?? [])
      this.meter?.deliveries(channel, state, reason, count);
    return result.rows[0]?.created ?? 0;
  }

  /** Channels on which deliveries of this event are still open. */
  async openChannels(eventId: string): Promise<readonly ExternalChannel[]> {
    const { rows } = await query<{ channel: ExternalChannel }>(this.database, selectOpenChannels, [eventId]);
    return rows.map((row) => row.channel);
  }

  /** Of several live notices that say the same, takes back all but the newest event's, where the kind wants that (`single`). */
  async keepNewest(kind: NotificationKind, head: NotificationHead, recipientId: string): Promise<void> {
    const { single } = notificationKinds[kind];
    if (single === undefined) return;
    const same = single === 'item' ? head.item.id : head.actorId;
    await query(this.database, newestStays(kind, single, head.item.type), [recipientId, same]);
  }

  /** Takes back up to `limit` notifications and gives up their pending deliveries. */
  async retract(retraction: Retraction, limit: number): Promise<Retracted> {
    const [id, type] = keyOf(retraction);
    const before = [retraction.before?.sequence ?? null, limit, kindsOf(retraction.before?.domain)];
    const itself = await this.retractOnce(retraction.by, [id, type, ...before]);
    if (itself.chosen >= limit || retraction.by !== 'subject' || retraction.subject.type !== 'post')
      return { count: itself.retracted, more: itself.chosen >= limit };
    const comments = await this.retractOnce('commentsOf', [id, null, ...before]);
    return { count: itself.retracted + comments.retracted, more: comments.chosen >= limit };
  }

  /** True while the person may be notified of this event: not retracted, and neither they nor the actor hidden. */
  async stillWanted(eventId: string, recipientId: string): Promise<boolean> {
    return (await query(this.database, selectWanted, [eventId, recipientId])).rowCount === 1;
  }

  private async retractOnce(choice: Choice, values: unknown[]): Promise<RetractedRow> {
    const { rows } = await query<RetractedRow>(this.database, retractStatement(choice), values);
    return rows[0] ?? { retracted: 0, chosen: 0 };
  }
}

function keyOf(retraction: Retraction): [id: string, type: string | null] {
  switch (retraction.by) {
    case 'event':
      return [retraction.eventId, null];
    case 'reaction':
      return [retraction.reactionId, null];
    case 'actor':
      return [retraction.actorId, null];
    case 'follow':
      return [retraction.followerId, retraction.followeeId];
    case 'subject':
      return [retraction.subject.id, retraction.subject.type];
  }
}

import { type ExternalChannel, type NotificationKind } from '../../contracts/notification-kinds';
import { type Database } from '../../runtime/postgres';
import { type EffectMeter } from '../effect-meter';
import { query } from '../stores/pg-query';

/** A delivery someone may send now: its claim was committed before. */
export interface ClaimedDelivery {
  readonly eventId: string;
  readonly recipientId: string;
  readonly channel: ExternalChannel;
  readonly kind: NotificationKind;
  readonly actorId: string | null;
  /** When it was claimed, epoch milliseconds by the database's clock. */
  readonly claimedAtMs: number;
  /** Fencing token: only its holder may settle the delivery. */
  readonly token: string;
}

/** How a claimed delivery ended. `pending`: surely not sent, a later attempt takes it. Reasons are codes. */
export type DeliverySettlement =
  | { readonly state: 'sent'; readonly providerId?: string | undefined }
  | { readonly state: 'failed' | 'unknown' | 'skipped' | 'pending'; readonly reason: string };

export const deliveryStates = ['pending', 'claimed', 'sent', 'failed', 'unknown', 'skipped'] as const;
export type DeliveryState = (typeof deliveryStates)[number];
export type DeliveryCounts = Readonly<Record<DeliveryState, number>>;

/**
 * Committed before the send. SKIP LOCKED: senders side by side never wait for, or get, the same row. MATERIALIZED: as a
 * plain subquery it may be run again for every row it is joined with, and each run would claim one more.
 */
const claim = `
  WITH next AS MATERIALIZED (
    SELECT recipient_id FROM nova.notification_deliveries
    WHERE event_id = $1 AND channel = $2 AND state = 'pending' AND claim_token IS DISTINCT FROM $3
      -- Nothing is claimed, and no attempt counted, while a person holds the channel back.
      AND NOT EXISTS (SELECT FROM nova.delivery_pauses p WHERE p.channel = $2 AND p.ends_at > clock_timestamp())
    ORDER BY recipient_id LIMIT 1 FOR UPDATE SKIP LOCKED)
  UPDATE nova.notification_deliveries d
  SET state = 'claimed', claim_token = $3, claimed_at = clock_timestamp(), attempts = d.attempts + 1
  FROM next
  WHERE d.event_id = $1 AND d.channel = $2 AND d.recipient_id = next.recipient_id AND d.state = 'pending'
  RETURNING d.recipient_id, d.kind, (extract(epoch FROM d.claimed_at) * 1000)::float8 AS claimed_at_ms,
    (SELECT actor_id FROM nova.notifications n WHERE n.event_id = d.event_id AND n.recipient_id = d.recipient_id) AS actor_id`;

const settle = `
  UPDATE nova.notification_deliveries
  SET state = $5, reason = $6, provider_id = $7, sent_at = CASE WHEN $5 = 'sent' THEN clock_timestamp() END
  WHERE event_id = $1 AND recipient_id = $2 AND channel = $3 AND claim_token = $4
    AND (state = 'claimed' OR (state = 'unknown' AND $5 IN ('sent', 'failed')))`;

const giveUp = `
  UPDATE nova.notification_deliveries SET state = 'unknown', reason = 'SENDER_DIED'
  WHERE event_id = $1 AND channel = $2 AND state = 'claimed'
    AND claimed_at < clock_timestamp() - make_interval(secs => $3::double precision / 1000)`;

const leaseLeft = `
  SELECT greatest(0, ceil($3 - extract(epoch FROM clock_timestamp() - min(claimed_at)) * 1000))::float8 AS ms
  FROM nova.notification_deliveries WHERE event_id = $1 AND channel = $2 AND state = 'claimed'`;

/** $1 channel */
const pausedUntil = `
  SELECT reason, paused_by AS "pausedBy", ends_at AS "endsAt", (extract(epoch FROM ends_at - clock_timestamp()) * 1000)::float8 AS "leftMs"
  FROM nova.delivery_pauses WHERE channel = $1 AND ends_at > clock_timestamp()`;

const skip = `
  UPDATE nova.notification_deliveries SET state = 'skipped', reason = $3
  WHERE event_id = $1 AND channel = $2 AND state = 'pending'`;

const countByState = `
  SELECT state, count(*)::int AS count FROM nova.notification_deliveries WHERE event_id = $1 AND channel = $2 GROUP BY state`;

/** A person's. */
export interface ChannelPause {
  readonly reason: string;
  readonly pausedBy: string;
  readonly endsAt: Date;
  readonly leftMs: number;
}

/** What was delivered, on what channel, to whom: the lasting guard against a second delivery. */
export class PgDeliveryLedger {
  constructor(
    private readonly database: Database,
    private readonly meter?: Pick<EffectMeter, 'deliveries'>,
  ) {}

  /**
   * Claims one pending delivery, for this token alone. One that this token had already and gave back is left for the next
   * attempt. Undefined: none left.
   */
  async claimNext(eventId: string, channel: ExternalChannel, token: string): Promise<ClaimedDelivery | undefined> {
    type Row = { recipient_id: string; kind: NotificationKind; actor_id: string | null; claimed_at_ms: number };
    const { rows } = await query<Row>(this.database, claim, [eventId, channel, token]);
    const row = rows[0];
    if (row === undefined) return undefined;
    const { recipient_id: recipientId, kind, actor_id: actorId, claimed_at_ms: claimedAtMs } = row;
    return { eventId, recipientId, channel, kind, actorId, claimedAtMs, token };
  }

  /**
   * Records how a claim ended; false when the claim is not ours any more. A reply that comes after others gave the
   * claim up still counts: `sent` and `failed` replace `unknown`.
   */
  async settle(claimed: ClaimedDelivery, settlement: DeliverySettlement): Promise<boolean> {
    const { rowCount } = await query(this.database, settle, [
      claimed.eventId,
      claimed.recipientId,
      claimed.channel,
      claimed.token,
      settlement.state,
      settlement.state === 'sent' ? null : settlement.reason,
      settlement.state === 'sent' ? (settlement.providerId ?? null) : null,
    ]);
    const { channel } = claimed;
    const reason = settlement.state === 'sent' ? null : settlement.reason;
    if (rowCount === 1) this.meter?.deliveries(channel, settlement.state, reason, 1);
    return rowCount === 1;
  }

  /** Claims older than this have lost their holder: no one knows whether they were sent. They become `unknown`. */
  async giveUpClaims(eventId: string, channel: ExternalChannel, olderThanMs: number): Promise<number> {
    const count = (await query(this.database, giveUp, [eventId, channel, olderThanMs])).rowCount ?? 0;
    if (count > 0) this.meter?.deliveries(channel, 'unknown', 'SENDER_DIED', count);
    return count;
  }

  /** Milliseconds until the first of the claims may be given up; 0 when it may be, or when there is none. */
  async leaseLeftMs(eventId: string, channel: ExternalChannel, leaseMs: number): Promise<number> {
    const { rows } = await query<{ ms: number }>(this.database, leaseLeft, [eventId, channel, leaseMs]);
    return rows[0]?.ms ?? 0;
  }

  /** Who holds the channel back, and for how long; undefined: no one does. */
  async pauseOf(channel: ExternalChannel): Promise<ChannelPause | undefined> {
    return (await query<ChannelPause>(this.database, pausedUntil, [channel])).rows[0];
  }

  /** Ends everything that is pending. */
  async skipPending(eventId: string, channel: ExternalChannel, reason: string): Promise<number> {
    const count = (await query(this.database, skip, [eventId, channel, reason])).rowCount ?? 0;
    if (count > 0) this.meter?.deliveries(channel, 'skipped', reason, count);
    return count;
  }

  async counts(eventId: string, channel: ExternalChannel): Promise<DeliveryCounts> {
    type Row = { state: DeliveryState; count: number };
    const { rows } = await query<Row>(this.database, countByState, [eventId, channel]);
    const none: DeliveryCounts = { pending: 0, claimed: 0, sent: 0, failed: 0, unknown: 0, skipped: 0 };
    return { ...none, ...Object.fromEntries(rows.map((row) => [row.state, row.count])) };
  }
}

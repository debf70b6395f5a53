import { type Pool } from 'pg';
import { type DeliveryState } from '../../activities/notify/pg-delivery-ledger';
import { isUuid } from '../../runtime/uuid';
import { type Act, doing } from '../acts/acts';

/** One message to one person on one channel. */
export interface Delivery {
  readonly eventId: string;
  readonly recipientId: string;
  readonly channel: string;
  readonly kind: string;
  readonly state: DeliveryState;
  readonly reason: string | null;
  readonly attempts: number;
  /** Of its last try; of one that was never tried: when it was written. */
  readonly at: Date;
}

export type DeliveryKey = Pick<Delivery, 'eventId' | 'recipientId' | 'channel'>;

/** As commands take it: `<event id>/<recipient id>/email`. */
export const deliveryName = ({ eventId, recipientId, channel }: DeliveryKey): string =>
  `${eventId}/${recipientId}/${channel}`;

/** @throws Error that says how a delivery is named */
export function deliveryFrom(text: string): DeliveryKey {
  const [eventId = '', recipientId = '', channel = '', ...more] = text.toLowerCase().split('/');
  if (!isUuid(eventId) || !isUuid(recipientId) || !/^[a-z_]{1,30}$/.test(channel) || more.length > 0)
    throw new Error(
      `${text} names no delivery: <event id>/<recipient id>/<channel>, as npx nova deliveries list writes it`,
    );
  return { eventId, recipientId, channel };
}

const select = `
  SELECT d.event_id AS "eventId", d.recipient_id AS "recipientId", d.channel, d.kind, d.state, d.reason, d.attempts,
    coalesce(d.claimed_at, d.created_at) AS at
  FROM nova.notification_deliveries d`;
/** MATERIALIZED: else the newest of all deliveries are read until so many unknown ones are found, which may be all. */
const unknownOnes = `
  WITH unknown_ones AS MATERIALIZED (SELECT * FROM nova.notification_deliveries WHERE state = 'unknown')
  ${select.replace('nova.notification_deliveries', 'unknown_ones')} ORDER BY d.created_at DESC LIMIT $1`;
const ofEvent = `${select} WHERE d.event_id = $1 AND ($2::text IS NULL OR d.state = $2) ORDER BY d.channel, d.recipient_id LIMIT $3`;
const keys = 'unnest($1::uuid[], $2::uuid[], $3::text[]) AS k (event_id, recipient_id, channel)';
const ofKeys = `${select} JOIN ${keys} USING (event_id, recipient_id, channel)`;
const change = `
  UPDATE nova.notification_deliveries d SET state = $4, reason = $5 FROM ${keys}
  WHERE d.event_id = k.event_id AND d.recipient_id = k.recipient_id AND d.channel = k.channel AND d.state = ANY ($6::text[])
  RETURNING d.event_id AS "eventId", d.recipient_id AS "recipientId", d.channel`;

const values = (of: readonly DeliveryKey[]) => [
  of.map(({ eventId }) => eventId),
  of.map(({ recipientId }) => recipientId),
  of.map(({ channel }) => channel),
];

/** The newest of unknown outcome, of all events. */
export async function unknownDeliveries(state: Pool, limit: number): Promise<Delivery[]> {
  return (await state.query<Delivery>(unknownOnes, [limit])).rows;
}

/** Those of one event, of any state or of one. */
export async function deliveriesOf(
  state: Pool,
  { eventId, only, limit }: { readonly eventId: string; readonly only: DeliveryState | null; readonly limit: number },
): Promise<Delivery[]> {
  return (await state.query<Delivery>(ofEvent, [eventId, only, limit])).rows;
}

/** Those of these names that there are. */
export async function namedDeliveries(state: Pool, wanted: readonly DeliveryKey[]): Promise<Delivery[]> {
  return wanted.length === 0 ? [] : (await state.query<Delivery>(ofKeys, values(wanted))).rows;
}

/** What a person may decide about: sent or not is not known, or it was refused for good. */
export const undecided: readonly DeliveryState[] = ['unknown', 'failed'];

/** A code, as the system's own reasons are, and who it was. */
const byHand = (code: string, { actor, reason }: Act): string =>
  `${code} by ${actor}${reason === null ? '' : `: ${reason.slice(0, 300)}`}`;

/** What a person found out, of those whose outcome is still unknown. Returns those that were settled. */
export async function settleByHand(
  state: Pool,
  which: readonly DeliveryKey[],
  { as, act }: { readonly as: 'sent' | 'failed'; readonly act: Act },
): Promise<DeliveryKey[]> {
  return changed(state, act, [...values(which), as, byHand('SETTLED', act), ['unknown']]);
}

const changed = (state: Pool, act: Act, to: readonly unknown[]): Promise<DeliveryKey[]> =>
  doing(state, act, async (database) => {
    const { rows } = await database.query<DeliveryKey>(change, [...to]);
    return { value: rows, ids: rows.map(deliveryName) };
  });

/** Lets the next run of their event send them. Returns those that wait for it now: not those that were settled meanwhile. */
export async function makePending(state: Pool, which: readonly DeliveryKey[], act: Act): Promise<DeliveryKey[]> {
  return changed(state, act, [...values(which), 'pending', byHand('RESENT', act), undecided]);
}

import { type Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { channels } from '../contracts/notification-kinds';

/** Counted no further than this, the oldest first: an outage of the mail server leaves hundreds of thousands. */
const countedTo = 10_000;

/** $1 counted to */
const waiting = `
  SELECT channel, count(*) AS deliveries, count(DISTINCT event_id) AS events,
    count(*) FILTER (WHERE attempts > CASE state WHEN 'claimed' THEN 1 ELSE 0 END) AS tried,
    extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS oldest_seconds,
    (array_agg(reason ORDER BY created_at) FILTER (WHERE reason IS NOT NULL))[1] AS reason
  FROM (SELECT channel, event_id, state, attempts, created_at, reason FROM nova.notification_deliveries
    WHERE state IN ('pending', 'claimed') ORDER BY created_at LIMIT $1) front
  GROUP BY channel ORDER BY channel`;

/** $1 channel, $2 counted to. One channel at a time, so that its own part of the index is read. */
const unknown = `
  SELECT count(*) AS count FROM (
    SELECT FROM nova.notification_deliveries WHERE channel = $1 AND state = 'unknown' LIMIT $2) front`;

/** Deliveries of one channel that are not made yet. */
export interface WaitingDeliveries {
  readonly channel: string;
  readonly deliveries: number;
  readonly events: number;
  /** Of the deliveries, those that were tried and surely not sent: they are tried again. */
  readonly tried: number;
  readonly oldestSeconds: number;
  /** Code of why the oldest that was tried waits; null: none was. */
  readonly reason: string | null;
}

/**
 * By channel; a channel without any is left out. Inboxes are never among them: the notice and its delivery are written in one
 * statement, so an inbox that waits has left no row yet, and only its run is known to wait (waiting-runs.ts).
 */
export async function waitingDeliveries(pool: Pool, upTo = countedTo): Promise<WaitingDeliveries[]> {
  type Row = Omit<WaitingDeliveries, 'oldestSeconds'> & { oldest_seconds: number };
  const { rows } = await pool.query<Row>(waiting, [upTo]);
  return rows.map(({ oldest_seconds: oldestSeconds, ...row }) => ({ ...row, oldestSeconds }));
}

export function createDeliveryGauges(registry: Registry) {
  const registers = [registry];
  const labelNames = ['channel'] as const;
  return {
    waiting: new Gauge({
      name: 'nova_deliveries_waiting',
      help: 'Deliveries not made yet, counted up to 10,000; of in_app the events with such deliveries, as seen in up to 100 open runs.',
      ...{ labelNames, registers },
    }),
    oldest: new Gauge({
      name: 'nova_deliveries_oldest_waiting_seconds',
      help: 'Age of the first of them; it grows while the provider of the channel does not take them; of in_app, while PostgreSQL or the workers do not.',
      ...{ labelNames, registers },
    }),
    unknown: new Gauge({
      name: 'nova_deliveries_unknown',
      help: 'Deliveries that may or may not have been made, counted up to 10,000: they wait for a person, who settles them or sends them again.',
      ...{ labelNames, registers },
    }),
  };
}

export async function readDeliveryGauges(pool: Pool, gauges: ReturnType<typeof createDeliveryGauges>): Promise<void> {
  const byChannel = new Map((await waitingDeliveries(pool)).map((line) => [line.channel, line]));
  const external: string[] = channels.filter((channel) => channel !== 'in_app');
  for (const channel of new Set([...external, ...byChannel.keys()])) {
    gauges.waiting.set({ channel }, byChannel.get(channel)?.deliveries ?? 0);
    gauges.oldest.set({ channel }, byChannel.get(channel)?.oldestSeconds ?? 0);
    const { rows } = await pool.query<{ count: number }>(unknown, [channel, countedTo]);
    gauges.unknown.set({ channel }, rows[0]?.count ?? 0);
  }
}

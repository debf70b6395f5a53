import { type Pool } from 'pg';

/** Rows behind one dead letter are counted up to here. */
const mostCounted = 10_000;

const held = `
  SELECT count(*) AS aggregates, coalesce(sum(behind.rows), 0)::bigint AS rows, min(h.held_since) AS since FROM (
    SELECT aggregate_id, min(sequence) AS sequence, min(held_since) AS held_since FROM nova.outbox_holds GROUP BY aggregate_id
  ) h CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM (
      SELECT FROM nova.outbox_events o WHERE o.aggregate_id = h.aggregate_id AND o.sequence > h.sequence
        AND o.published_at IS NULL AND o.dead_lettered_at IS NULL LIMIT ${mostCounted}
    ) counted
  ) behind`;

const ofEvent = `
  SELECT h.id, h.held_since AS since, h.id = o.id AS "isItself",
    (SELECT count(*) FROM (
       SELECT FROM nova.outbox_events e WHERE e.aggregate_id = o.aggregate_id AND e.sequence > h.sequence
         AND e.published_at IS NULL AND e.dead_lettered_at IS NULL LIMIT ${mostCounted}) counted) AS waiting
  FROM nova.outbox_events o JOIN nova.outbox_holds h ON h.aggregate_id = o.aggregate_id
  WHERE o.id = $1 AND (h.id = o.id OR (h.sequence < o.sequence AND o.published_at IS NULL AND o.dead_lettered_at IS NULL))
  ORDER BY h.id = o.id DESC, h.sequence LIMIT 1`;

/** Aggregates in which a dead letter holds back what follows it. */
export interface HeldAggregates {
  readonly aggregates: number;
  /** Pending rows that wait behind; of each aggregate at most `mostCounted` are counted. */
  readonly rows: number;
  /** When the oldest of these holds began; null: there is none. */
  readonly since: Date | null;
}

/** The hold that concerns one event: its own, when it is a dead letter that holds, else the first that it waits for. */
export interface EventHold {
  /** The dead letter that holds. */
  readonly id: string;
  readonly isItself: boolean;
  readonly since: Date;
  /** Pending rows behind it, at most `mostCounted`. */
  readonly waiting: number;
}

export async function heldAggregates(pool: Pool): Promise<HeldAggregates> {
  return (await pool.query<HeldAggregates>(held)).rows[0] ?? { aggregates: 0, rows: 0, since: null };
}

/** Null: nothing holds this event back, and it holds nothing. */
export async function holdOf(pool: Pool, eventId: string): Promise<EventHold | null> {
  return (await pool.query<EventHold>(ofEvent, [eventId])).rows[0] ?? null;
}

export function heldText({ aggregates, rows, since }: HeldAggregates): string {
  if (since === null) return '';
  return ` · held by a dead letter ${aggregates} aggregates with ${rows} rows, since ${since.toISOString()} (ops release-hold, or requeue)`;
}

export function holdText(hold: EventHold): string {
  const since = hold.since.toISOString();
  return hold.isItself
    ? `holds back ${hold.waiting} rows of its aggregate since ${since} (ops release-hold ${hold.id}, or requeue)`
    : `waits for the dead letter ${hold.id}, which holds its aggregate since ${since} (ops release-hold ${hold.id}, or requeue)`;
}

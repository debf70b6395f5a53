import { type Pool } from 'pg';
import { heldTotals, holdOfEvent } from '../../outbox/operators.sql';

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
  /** The dead letter that holds; or the event in another outbox that has to be on Kafka first. */
  readonly id: string;
  /** The outbox of that event, from which this domain has come; null: a dead letter of this outbox holds. */
  readonly waitsFor: string | null;
  readonly isItself: boolean;
  readonly since: Date;
  /** Pending rows behind it, at most `mostCounted`. */
  readonly waiting: number;
}

export async function heldAggregates(pool: Pool): Promise<HeldAggregates> {
  return (await pool.query<HeldAggregates>(heldTotals)).rows[0] ?? { aggregates: 0, rows: 0, since: null };
}

/** Null: nothing holds this event back, and it holds nothing. */
export async function holdOf(pool: Pool, eventId: string): Promise<EventHold | null> {
  return (await pool.query<EventHold>(holdOfEvent, [eventId])).rows[0] ?? null;
}

export function heldText({ aggregates, rows, since }: HeldAggregates): string {
  if (since === null) return '';
  return ` · held by a dead letter ${aggregates} aggregates with ${rows} rows, since ${since.toISOString()} (npx nova release-hold, or requeue)`;
}

export function holdText(hold: EventHold): string {
  const since = hold.since.toISOString();
  if (hold.waitsFor !== null)
    return `waits since ${since} for the event ${hold.id} in the outbox ${hold.waitsFor}, from which its aggregate has come (npx nova show ${hold.id}; npx nova move status)`;
  return hold.isItself
    ? `holds back ${hold.waiting} rows of its aggregate since ${since} (npx nova release-hold ${hold.id}, or requeue)`
    : `waits for the dead letter ${hold.id}, which holds its aggregate since ${since} (npx nova release-hold ${hold.id}, or requeue)`;
}

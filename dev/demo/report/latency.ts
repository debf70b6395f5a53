import { type Pool } from 'pg';
import { type PriorityName, priorityName, priorityNames } from '../../../contracts/priority';
import { kafkaHeaders } from '../../../contracts/kafka';
import { type TrueEvent } from '../../../proof/checks/truth';
import { type ReceivedMessage } from '../../../proof/observe/kafka-reader';
import { percentiles, type Percentiles } from '../../../proof/report/percentiles';

export interface Latencies {
  /** Commit to the first effect that lasts: a notification, a link, a post placed, or a message on Kafka. */
  readonly firstEffect: Partial<Record<PriorityName, Percentiles>>;
  /** Commit to the start of the workflow, as the bridge marked it. */
  readonly published: Partial<Record<PriorityName, Percentiles>>;
  /** Commit to a subscriber having the message. */
  readonly subscriber: Partial<Record<PriorityName, Percentiles>>;
}

interface EffectTimes {
  readonly id: string;
  readonly published: number | null;
  readonly firstEffect: number | null;
}

/**
 * All times in PostgreSQL are of the clock that the demo reads too, since both run on one machine. A later event moves
 * updated_at of a post on, so of an old post this is too late rather than too early, as all of this is.
 */
const effectTimes = `
  SELECT o.id, extract(epoch FROM o.published_at)::float8 * 1000 AS published,
    extract(epoch FROM least(o.emitted_at, n.at, m.at, p.at))::float8 * 1000 AS "firstEffect"
  FROM nova.outbox_events o
  LEFT JOIN (SELECT event_id, min(created_at) AS at FROM nova.notifications GROUP BY 1) n ON n.event_id = o.id
  LEFT JOIN (SELECT event_id, min(linked_at) AS at FROM nova.post_media GROUP BY 1) m ON m.event_id = o.id
  LEFT JOIN (SELECT post_id, sequence, updated_at AS at FROM nova.post_states) p
    ON p.post_id = o.aggregate_id AND p.sequence = o.sequence`;

export async function measureLatencies(
  pool: Pool,
  events: readonly TrueEvent[],
  messages: readonly ReceivedMessage[],
): Promise<Latencies> {
  const { rows } = await pool.query<EffectTimes>(effectTimes);
  const times = new Map(rows.map((row) => [row.id, row]));
  const received = new Map<string, number>();
  for (const { headers, receivedAtMs } of messages) {
    const id = headers[kafkaHeaders.eventId] ?? '';
    received.set(id, Math.min(receivedAtMs, received.get(id) ?? Infinity));
  }
  return {
    firstEffect: byPriority(events, ({ id }) => {
      const first = Math.min(times.get(id)?.firstEffect ?? Infinity, received.get(id) ?? Infinity);
      return Number.isFinite(first) ? first : undefined;
    }),
    published: byPriority(events, ({ id }) => times.get(id)?.published),
    subscriber: byPriority(events, ({ id }) => received.get(id)),
  };
}

/** Per priority, milliseconds from commit to the time that `at` returns; events without one are left out. */
export function byPriority(
  events: readonly TrueEvent[],
  at: (event: TrueEvent) => number | null | undefined,
): Partial<Record<PriorityName, Percentiles>> {
  const result: Partial<Record<PriorityName, Percentiles>> = {};
  for (const name of priorityNames) {
    const values = events
      .filter((event) => priorityName(event.priority) === name)
      .flatMap((event) => {
        const time = at(event);
        // Both clocks are one, but COMMIT takes effect before its answer, and rounding can cross zero.
        return time === null || time === undefined
          ? []
          : [Math.max(0, Math.round((time - event.committedAtMs) * 10) / 10)];
      });
    const measured = percentiles(values);
    if (measured !== undefined) result[name] = measured;
  }
  return result;
}

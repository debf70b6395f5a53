import { type PriorityName, priorityName, priorityNames } from '../../../contracts/priority';
import { kafkaHeaders } from '../../../contracts/kafka';
import { type TrueEvent } from '../../../proof/checks/truth';
import { type ReceivedMessage } from '../../../proof/observe/kafka-reader';
import { type Databases, outboxesIn } from '../../../proof/services';
import { percentiles, type Percentiles } from '../../../proof/report/percentiles';

export interface Latencies {
  /** Commit to the first effect that lasts: a notification, a link, a post placed, or a message on Kafka. */
  readonly firstEffect: Partial<Record<PriorityName, Percentiles>>;
  /** Commit to the start of the workflow, as the bridge marked it. */
  readonly published: Partial<Record<PriorityName, Percentiles>>;
  /** Commit to a subscriber having the message. */
  readonly subscriber: Partial<Record<PriorityName, Percentiles>>;
}

interface StartTimes {
  readonly id: string;
  readonly aggregateId: string;
  readonly sequence: number;
  readonly published: number | null;
  readonly emitted: number | null;
}

const startTimes = `
  SELECT id, aggregate_id AS "aggregateId", sequence::float8 AS sequence, extract(epoch FROM published_at)::float8 * 1000 AS published,
    extract(epoch FROM emitted_at)::float8 * 1000 AS emitted
  FROM nova.outbox_events`;

/**
 * All times in PostgreSQL are of the clock that the demo reads too, since all run on one machine. A later event moves
 * updated_at of a post on, so of an old post this is too late rather than too early, as all of this is.
 */
const effectTimes = `
  SELECT event_id::text AS of, extract(epoch FROM min(created_at))::float8 * 1000 AS at FROM nova.notifications GROUP BY 1
  UNION ALL
  SELECT event_id::text, extract(epoch FROM min(linked_at))::float8 * 1000 FROM nova.post_media GROUP BY 1
  UNION ALL
  SELECT post_id || ' ' || sequence, extract(epoch FROM updated_at)::float8 * 1000 FROM nova.post_states`;

export async function measureLatencies(
  databases: Databases,
  events: readonly TrueEvent[],
  messages: readonly ReceivedMessage[],
): Promise<Latencies> {
  const effects = new Map<string, number>();
  for (const { of, at } of (await databases.state.query<{ of: string; at: number }>(effectTimes)).rows)
    effects.set(of, Math.min(at, effects.get(of) ?? Infinity));
  const times = new Map<string, { published: number | null; firstEffect: number }>();
  for (const pool of outboxesIn(databases))
    for (const { id, aggregateId, sequence, published, emitted } of (await pool.query<StartTimes>(startTimes)).rows) {
      const post = effects.get(`${aggregateId} ${sequence}`) ?? Infinity;
      times.set(id, { published, firstEffect: Math.min(emitted ?? Infinity, effects.get(id) ?? Infinity, post) });
    }
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

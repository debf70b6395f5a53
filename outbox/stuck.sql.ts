import { pending, started, unemitted, unemittedByKey } from './states.sql';

/** Rows that a look counts at most: with more of them nothing new is learnt, and an outbox with millions is asked no longer. */
const counted = 10_000;

/**
 * The aggregates with most pending rows that are older than their budget, and the first row of each, among the first pending rows. $1 budgets by priority, seconds; $2 least rows; $3 limit
 */
export const hottestAggregates = `
  WITH hot AS MATERIALIZED (
    SELECT aggregate_id, count(*) AS rows
    FROM (SELECT aggregate_id, created_at, priority FROM nova.outbox_events WHERE ${pending()} LIMIT ${counted}) AS first
    WHERE created_at <= clock_timestamp() - coalesce(($1::float8[])[priority + 1], ($1::float8[])[4]) * interval '1 second'
    GROUP BY aggregate_id HAVING count(*) >= $2 ORDER BY count(*) DESC, min(created_at) LIMIT $3)
  SELECT hot.aggregate_id AS "aggregateId", o.aggregate_type AS "aggregateType", hot.rows, o.id AS head,
    o.event_type AS "eventType", o.created_at AS since,
    extract(epoch FROM clock_timestamp() - o.created_at)::float8 AS "headSeconds"
  FROM hot CROSS JOIN LATERAL (
    SELECT e.id, e.aggregate_type, e.event_type, e.created_at FROM nova.outbox_events e
    WHERE e.aggregate_id = hot.aggregate_id AND ${pending('e.')} ORDER BY e.sequence LIMIT 1) o
  ORDER BY hot.rows DESC, o.created_at`;

/**
 * Of the rows that are started and not on Kafka: how many by age, since when, and the oldest of them; looked for among the first
 * rows that are not on Kafka, as the gauges do (startedNotEmitted), so that a backlog that waits is not read. $1 how many ids
 */
export const unemittedAges = `
  WITH waiting AS MATERIALIZED (
    SELECT id, published_at FROM (
      SELECT id, published_at FROM nova.outbox_events WHERE ${unemitted()} ORDER BY aggregate_id, sequence LIMIT ${counted}) first
    WHERE ${started()})
  SELECT count(*) FILTER (WHERE published_at > clock_timestamp() - interval '1 minute') AS "underMinute",
    count(*) FILTER (WHERE published_at <= clock_timestamp() - interval '1 minute'
                       AND published_at > clock_timestamp() - interval '5 minutes') AS "underFive",
    count(*) FILTER (WHERE published_at <= clock_timestamp() - interval '5 minutes') AS older,
    min(published_at) AS since,
    coalesce(extract(epoch FROM clock_timestamp() - min(published_at)), 0)::float8 AS "oldestSeconds",
    ARRAY(SELECT id::text FROM waiting ORDER BY published_at, id LIMIT $1) AS oldest
  FROM waiting`;

/** Which of these events are not on Kafka. $1 ids */
export const stillUnemitted = `SELECT id FROM nova.outbox_events WHERE id = ANY ($1::uuid[]) AND ${unemittedByKey()}`;

/** Dead letters that hold back what follows them, the longest first. $1 limit */
export const holds = `
  SELECT h.id, h.aggregate_id AS "aggregateId", h.held_since AS since, h.waits_for AS "waitsFor",
    (SELECT count(*) FROM (SELECT FROM nova.outbox_events o WHERE o.aggregate_id = h.aggregate_id AND o.sequence > h.sequence
       AND ${pending('o.')} LIMIT 10000) counted) AS rows
  FROM nova.outbox_holds h ORDER BY h.held_since LIMIT $1`;

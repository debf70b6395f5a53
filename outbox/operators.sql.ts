import { rfc3339 } from '../runtime/sql-time';
import { dead, emitted, pending, started, startedUnemitted } from './states.sql';
import { aloneAfterClaims } from './thresholds';

/** The statements of `nova`: none reads a payload but `payloadOf`, which an operator's role may not run. */

/** $1 failure code, or null; $2 limit */
export const listDeadLetters = `
  SELECT id, event_type AS "eventType", aggregate_id AS "aggregateId", last_error AS "lastError", dead_lettered_at AS "deadLetteredAt"
  FROM nova.outbox_events WHERE ${dead()} AND ($1::text IS NULL OR last_error LIKE $1 || ':%')
  ORDER BY dead_lettered_at DESC LIMIT $2`;

/** Which of these have a row. $1 ids */
export const rowsWithIds = `SELECT DISTINCT id FROM nova.outbox_events WHERE id = ANY ($1::uuid[])`;

/** What a requeue is decided by. $1 ids */
export const deadLettersById = `
  SELECT id, split_part(last_error, ':', 1) AS code, claim_count AS "claimCount", ${started()} AS started,
         (extract(epoch FROM clock_timestamp() - first_attempt_at) * 1000)::bigint AS "ageMs"
  FROM nova.outbox_events WHERE id = ANY ($1::uuid[]) AND ${dead()}`;

/**
 * Back to pending, with its attempts forgotten. first_attempt_at stays unless the row is known not to have run: it is what
 * the retention guard goes by. A row that killed its bridges stays a suspect: it is tried alone. $1 ids, $2 known not to have run?
 */
export const requeue = `
  UPDATE nova.outbox_events SET dead_lettered_at = NULL, retry_count = 0, next_attempt_at = '-infinity',
         unfinished_claims = CASE WHEN last_error LIKE 'ROW_KILLS_PROCESS:%' THEN ${aloneAfterClaims} ELSE 0 END,
         first_attempt_at = CASE WHEN $2 THEN NULL ELSE first_attempt_at END
  WHERE id = ANY ($1::uuid[]) AND ${dead()} RETURNING id`;

/** $1 spelling, $2 limit */
export const pendingOfType = `
  SELECT id, event_type AS "eventType" FROM nova.outbox_events WHERE event_type = $1 AND ${pending()} ORDER BY sequence LIMIT $2`;

/** $1 ids */
export const typesOfRows = `
  SELECT id, event_type AS "eventType", ${pending()} AS pending FROM nova.outbox_events WHERE id = ANY ($1::uuid[])`;

/** Not what a bridge has in hand, and not what is known by now. $1 ids, $2 error */
export const giveUp = `
  UPDATE nova.outbox_events SET dead_lettered_at = clock_timestamp(), last_error = $2
  WHERE id IN (
    SELECT id FROM nova.outbox_events WHERE id = ANY ($1::uuid[]) AND ${pending()}
      AND (lease_until IS NULL OR lease_until < clock_timestamp())
      AND NOT event_type IN (SELECT spelling FROM nova.outbox_event_types)
    ORDER BY id FOR UPDATE SKIP LOCKED)
  RETURNING id`;

/** Columns of a row but its payload, and how many rows it waits behind. $1 id */
export const rowOfEvent = `
  SELECT id, event_type, aggregate_type, aggregate_id, priority, sequence, created_at, published_at, emitted_at, dead_lettered_at,
         retry_count, claim_count, last_error, next_attempt_at > now() AS backing_off, lease_until > now() AS leased,
         (SELECT count(*) FROM nova.outbox_events e WHERE e.aggregate_id = o.aggregate_id AND e.sequence < o.sequence
            AND ${pending('e.')}) AS earlier_pending
  FROM nova.outbox_events o WHERE id = $1 ORDER BY published_at, created_at LIMIT 10`;

/** The newest events of one aggregate, and where each stands. $1 aggregate id, $2 limit */
export const eventsOfAggregate = `
  SELECT id, event_type AS "eventType", aggregate_type AS "aggregateType", sequence, created_at AS "createdAt",
    CASE WHEN ${dead()} THEN 'dead letter' WHEN ${pending()} THEN 'pending' WHEN ${emitted()} THEN 'on Kafka' ELSE 'started' END AS state
  FROM nova.outbox_events WHERE aggregate_id = $1 ORDER BY sequence DESC LIMIT $2`;

/** Those that may have a run which is open, as nova_signal_deleted takes them. $1 aggregate */
export const startedOfAggregate = `
  SELECT id, event_type AS "eventType" FROM nova.outbox_events
  WHERE aggregate_id = $1 AND published_at IS NOT NULL ORDER BY sequence DESC LIMIT 50`;

/** Whether the service of this outbox owns what is of a domain. $1 domain */
export const mayWriteDomain = `
  SELECT coalesce(bool_and(allowed), true) AS may FROM nova.outbox_event_types WHERE domain = $1`;

/** Those of some events that are of a type, in the order in which they were written. $1 ids, $2 spellings or null */
export const orderOfEvents = `
  SELECT id, min(sequence) AS place FROM nova.outbox_events
  WHERE id = ANY ($1::uuid[]) AND ($2::text[] IS NULL OR event_type = ANY ($2::text[]))
  GROUP BY id ORDER BY place`;

/** What a further run of an event is started by. Without the payload: an operator may not read it. $1 id */
export const rowForReplay = `
  SELECT event_type AS "eventType", aggregate_type AS "aggregateType", aggregate_id AS "aggregateId", sequence,
    ${rfc3339('created_at')} AS "createdAt",
    round(extract(epoch FROM least(created_at, clock_timestamp())) * 1000)::float8 AS "createdAtMs",
    priority, schema_version AS "schemaVersion", traceparent, ${started()} AS started,
    ${dead()} AS "deadLettered", ${emitted()} AS emitted
  FROM nova.outbox_events WHERE id = $1`;

/** $1 id */
export const payloadOf = `SELECT payload FROM nova.outbox_events WHERE id = $1`;

/** Rows behind one dead letter are counted up to here. */
const mostCounted = 10_000;

export const heldTotals = `
  SELECT count(*) AS aggregates, coalesce(sum(behind.rows), 0)::bigint AS rows, min(h.held_since) AS since FROM (
    SELECT aggregate_id, min(sequence) AS sequence, min(held_since) AS held_since FROM nova.outbox_holds
    WHERE waits_for IS NULL GROUP BY aggregate_id
  ) h CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM (
      SELECT FROM nova.outbox_events o WHERE o.aggregate_id = h.aggregate_id AND o.sequence > h.sequence
        AND ${pending('o.')} LIMIT ${mostCounted}
    ) counted
  ) behind`;

/** The hold that concerns an event: its own, else the first that it waits for. $1 id */
export const holdOfEvent = `
  SELECT h.id, h.held_since AS since, h.id = o.id AS "isItself", h.waits_for AS "waitsFor",
    (SELECT count(*) FROM (
       SELECT FROM nova.outbox_events e WHERE e.aggregate_id = o.aggregate_id AND e.sequence > h.sequence
         AND ${pending('e.')} LIMIT ${mostCounted}) counted) AS waiting
  FROM nova.outbox_events o JOIN nova.outbox_holds h ON h.aggregate_id = o.aggregate_id
  WHERE o.id = $1 AND (h.id = o.id OR (h.sequence < o.sequence AND ${pending('o.')}))
  ORDER BY h.id = o.id DESC, h.sequence LIMIT 1`;

/** Other dead letters that hold the same aggregate. $1 id */
export const otherHolds = `
  SELECT h.id FROM nova.outbox_holds h JOIN nova.outbox_holds mine ON mine.aggregate_id = h.aggregate_id
  WHERE mine.id = $1 AND h.id <> $1 ORDER BY h.sequence LIMIT 10`;

/** $1 id */
export const rowOfHold = `
  SELECT event_type AS "eventType", aggregate_id AS "aggregateId", last_error AS "lastError" FROM nova.outbox_events WHERE id = $1`;

/** Who and why stay with the dead letter. Appended: its code is the first word. $1 id, $2 text */
export const noteOnDeadLetter = `
  UPDATE nova.outbox_events SET last_error = left(coalesce(last_error, ''), 1500) || $2
  WHERE id = $1 AND ${dead()}`;

/** $1 id */
export const releaseHold = `SELECT nova.outbox_release_hold($1) AS released`;

export const pendingOfLanes = `
  SELECT priority, count(*) AS rows, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_seconds,
         count(*) FILTER (WHERE last_error IS NOT NULL) AS with_error
  FROM nova.outbox_events WHERE ${pending()} GROUP BY priority ORDER BY priority`;

/**
 * How many rows were started lately, by priority, and how long after they were written. The newest alone are read, in the order of the index.
 * $1 milliseconds, $2 rows at most
 */
export const startedLately = `
  SELECT priority, count(*) AS rows,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95
  FROM (SELECT priority, extract(epoch FROM published_at - created_at)::float8 AS seconds FROM nova.outbox_events
        WHERE published_at > now() - $1::double precision * interval '1 millisecond' ORDER BY published_at DESC LIMIT $2) AS newest
  GROUP BY priority ORDER BY priority`;

export const totals = `
  SELECT (SELECT count(*) FROM nova.outbox_events WHERE ${dead()}) AS dead_lettered,
         (SELECT count(*) FROM nova.outbox_events WHERE ${startedUnemitted()}) AS started_not_emitted`;

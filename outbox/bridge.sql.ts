import { dead, pending, pendingByKey, started, unemitted } from './states.sql';

/** The statement and its reasons are the function outbox_claim in migrations/outbox/functions/outbox_claim.sql. */
export const claim = `
  SELECT * FROM nova.outbox_claim($1::uuid, make_interval(secs => $2::double precision / 1000), $3::integer[], $4, $5, $6, $7::text[], $8, $9, $10, $11)`;

/**
 * Writes the ends of a whole batch at once. The token guards every row: a process that lost its lease changes nothing. The
 * bounds on created_at let the planner leave out the partitions that hold none of the rows.
 *
 * $1 JSON array of {id, created_at, token, kind, error, counts, delay_ms}; $2, $3 least and greatest created_at
 */
export const settle = `
  WITH settled AS MATERIALIZED (
    SELECT o.id, o.created_at, s.kind, s.error, s.counts, s.delay_ms
    FROM jsonb_to_recordset($1::jsonb)
      AS s (id uuid, created_at timestamptz, token uuid, kind text, error text, counts integer, delay_ms integer)
    JOIN nova.outbox_events o ON o.id = s.id AND o.created_at = s.created_at
    WHERE o.created_at BETWEEN $2::timestamptz AND $3::timestamptz
      AND o.lease_token = s.token
      AND ${pendingByKey('o.')}
    -- The Kafka emitter marks the same rows: both lock in the order of the sequence, so neither waits for the other twice.
    ORDER BY o.sequence
    FOR NO KEY UPDATE OF o
  )
  UPDATE nova.outbox_events o
  SET lease_token = NULL,
      lease_until = NULL,
      published_at = CASE WHEN s.kind IN ('started', 'repeated') THEN clock_timestamp() END,
      -- The row before it is on Kafka, or on its way, under the same id.
      emitted_at = CASE WHEN s.kind = 'repeated' THEN clock_timestamp() ELSE o.emitted_at END,
      dead_lettered_at = CASE WHEN s.kind = 'dead-lettered' THEN clock_timestamp() END,
      retry_count = o.retry_count + s.counts,
      -- Never tried: however long it now waits out an outage, Temporal cannot have run and forgotten it.
      first_attempt_at = CASE WHEN s.kind = 'released' AND o.claim_count = 1 THEN NULL ELSE o.first_attempt_at END,
      -- A word was heard of this claim. One that did not touch the row says nothing about the claims before it.
      unfinished_claims = CASE s.kind WHEN 'released' THEN greatest(o.unfinished_claims - 1, 0) ELSE 0 END,
      last_error = CASE s.kind WHEN 'started' THEN NULL WHEN 'repeated' THEN NULL WHEN 'released' THEN o.last_error ELSE s.error END,
      next_attempt_at = CASE WHEN s.kind = 'failed' THEN clock_timestamp() + make_interval(secs => s.delay_ms / 1000.0)
                             ELSE o.next_attempt_at END
  FROM settled s
  WHERE o.id = s.id AND o.created_at = s.created_at AND o.created_at BETWEEN $2::timestamptz AND $3::timestamptz`;

/** Rows with the id of another. $1 id, $2 sequence of the other, $3 its created_at */
export const twins = `
  SELECT twin.aggregate_id = this.aggregate_id AND twin.payload = this.payload AS same, left(twin.event_type, 256) AS event_type
  FROM nova.outbox_events this JOIN nova.outbox_events twin ON twin.id = this.id AND twin.sequence <> this.sequence
  WHERE this.id = $1 AND this.sequence = $2 AND this.created_at = $3::timestamptz`;

/**
 * Depth and age of what waits, by lane. $1 counted to. Sequences follow the order of the commits, except for moments,
 * so the first row is as old as any other. The order makes the planner read by priority: without it, a lane that has no
 * rows cost a walk over all rows of the others.
 */
export const pendingByPriority = `
  SELECT lane.priority,
    (SELECT count(*) FROM (SELECT FROM nova.outbox_events o
       WHERE o.priority = lane.priority AND ${pending('o.')}
       ORDER BY o.sequence LIMIT $1) front) AS rows,
    coalesce((SELECT extract(epoch FROM clock_timestamp() - o.created_at) FROM nova.outbox_events o
       WHERE o.priority = lane.priority AND ${pending('o.')}
       ORDER BY o.sequence LIMIT 1), 0)::float8 AS oldest_seconds
  FROM generate_series(0, 3) AS lane(priority)`;

/**
 * What is started and not on Kafka yet. $1: rows that are looked at, of those that are not on Kafka; ordered, so that without
 * statistics, too, their index is read and no history. An index by time would cost every insert; in a backlog that is longer
 * than the look, the first rows by aggregate are as old as any.
 */
export const startedNotEmitted = `
  SELECT count(*) AS rows, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_seconds
  FROM (SELECT published_at, created_at FROM nova.outbox_events WHERE ${unemitted()} ORDER BY aggregate_id, sequence LIMIT $1) front
  WHERE ${started('front.')}`;

/**
 * Pending rows of the aggregate that has most of them. $1: rows that are looked at. Ordered as their index is, so that with and without
 * statistics it is read and no history; in a backlog that is longer than the look, the figure is that of the rows that start first.
 */
export const hottestRows = `
  SELECT coalesce(max(rows), 0) AS rows FROM (
    SELECT count(*) AS rows
    FROM (SELECT aggregate_id FROM nova.outbox_events WHERE ${pending()} ORDER BY priority, sequence LIMIT $1) front
    GROUP BY aggregate_id) by_aggregate`;

/** $1 counted to; ordered, so that without statistics, too, the index of dead letters is read and no history. */
export const deadLettered = `
  SELECT count(*) AS rows
  FROM (SELECT FROM nova.outbox_events WHERE ${dead()} ORDER BY dead_lettered_at LIMIT $1) dead`;

/** Dead index entries that slow every claim down, left by an open transaction or a missing vacuum. */
export const deadHeads = `SELECT n_dead_tup AS rows FROM pg_stat_user_tables WHERE relid = 'nova.outbox_heads'::regclass`;

/** By a dead letter: what waits for another outbox since a move is in the bridge's report. */
export const heldAggregates = `SELECT count(DISTINCT aggregate_id) AS aggregates FROM nova.outbox_holds WHERE waits_for IS NULL`;

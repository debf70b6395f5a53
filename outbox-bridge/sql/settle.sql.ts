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
      -- In words that fit no partial index: without statistics one of those looks cheaper than the key, and reads all that waits.
      AND coalesce(o.published_at, o.dead_lettered_at) IS NULL
    -- The Kafka emitter marks the same rows: both lock in the order of the sequence, so neither waits for the other twice.
    ORDER BY o.sequence
    FOR NO KEY UPDATE OF o
  )
  UPDATE nova.outbox_events o
  SET lease_token = NULL,
      lease_until = NULL,
      published_at = CASE WHEN s.kind IN ('published', 'repeated') THEN clock_timestamp() END,
      -- The row before it is on Kafka, or on its way, under the same id.
      emitted_at = CASE WHEN s.kind = 'repeated' THEN clock_timestamp() ELSE o.emitted_at END,
      dead_lettered_at = CASE WHEN s.kind = 'dead-lettered' THEN clock_timestamp() END,
      retry_count = o.retry_count + s.counts,
      -- Never tried: however long it now waits out an outage, Temporal cannot have run and forgotten it.
      first_attempt_at = CASE WHEN s.kind = 'released' AND o.claim_count = 1 THEN NULL ELSE o.first_attempt_at END,
      -- A word was heard of this claim. One that did not touch the row says nothing about the claims before it.
      unfinished_claims = CASE s.kind WHEN 'released' THEN greatest(o.unfinished_claims - 1, 0) ELSE 0 END,
      last_error = CASE s.kind WHEN 'published' THEN NULL WHEN 'repeated' THEN NULL WHEN 'released' THEN o.last_error ELSE s.error END,
      next_attempt_at = CASE WHEN s.kind = 'failed' THEN clock_timestamp() + make_interval(secs => s.delay_ms / 1000.0)
                             ELSE o.next_attempt_at END
  FROM settled s
  WHERE o.id = s.id AND o.created_at = s.created_at AND o.created_at BETWEEN $2::timestamptz AND $3::timestamptz`;

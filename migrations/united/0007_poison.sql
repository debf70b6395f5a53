-- Rows that harm whoever reads them. Each of these once stopped every claim, or was taken for something it was not:
-- a created_at of -infinity (no epoch milliseconds), a number like 1e131071 (ten bytes here, 131,072 as text: seven thousand
-- of them make more text than PostgreSQL can hold), a priority that no lane claims, a payload that kills the bridge.

ALTER TABLE outbox_events ADD COLUMN unfinished_claims integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN outbox_events.unfinished_claims IS 'Claims in a row that ended without a word: the process died, hung or lost the database. Any end that is written sets it to 0.';

-- NOT VALID: rows that are there already are looked after by the claim.
ALTER TABLE outbox_events ADD CONSTRAINT outbox_created_at_is_a_date
  CHECK (created_at >= '1970-01-01 00:00:00+00' AND created_at < 'infinity') NOT VALID;

-- The payload's size as text, or -1 when it has none: too many digits, nested too deep, damaged on disk.
CREATE FUNCTION outbox_payload_bytes(payload jsonb) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  -- Looked for before the text is made: failing at a gigabyte costs a gigabyte. No consumer holds such a number anyway.
  IF jsonb_path_exists(payload, '$.** ? (@.type() == "number" && (@ > 1e308 || @ < -1e308))') THEN RETURN -1; END IF;
  RETURN octet_length(payload::text);
EXCEPTION WHEN OTHERS THEN
  RETURN -1;
END $$;

-- The claim as in 0006_bridge.sql (its reasons are there), and three things more:
--
-- 1. Nothing in a row makes the statement fail: sizes are measured with care, dates that are no RFC 3339 date come back as
--    PostgreSQL writes them, and long texts are cut where no valid value reaches.
-- 2. A row whose priority no lane has is claimed all the same; the bridge says what is wrong with it.
-- 3. A row that p_alone_after claims in a row left without an end may be what kills the process: a claim that meets one
--    takes it and nothing else, so that no other row dies with it any more. After p_unread_after such claims its payload is
--    left out, so that it can be given up without being read.
--
-- A created_at in the future is a wrong clock: created_at_ms, the score in the feeds, is never later than now.
DROP FUNCTION outbox_claim(uuid, interval, integer[], integer, integer, integer, text[], integer);
CREATE FUNCTION outbox_claim(
  p_token uuid, p_lease interval, p_lanes integer[], p_floor integer, p_heads integer, p_rows integer, p_paused text[],
  p_max_payload integer, p_alone_after integer DEFAULT 3, p_unread_after integer DEFAULT 6
) RETURNS TABLE (
  id uuid, aggregate_id uuid, aggregate_type text, event_type text, payload jsonb, payload_bytes integer, created_at text,
  created_at_ms bigint, sequence bigint, priority smallint, schema_version integer, traceparent text, retry_count integer,
  claim_count integer, first_attempt_age_ms bigint, unfinished_claims integer
) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH lane_head AS MATERIALIZED (
    SELECT candidate.*, row_number() OVER (PARTITION BY candidate.priority ORDER BY candidate.sequence) AS place
    FROM generate_series(0, 3) AS lane(priority)
    CROSS JOIN LATERAL (
      SELECT o.id, o.created_at, o.aggregate_id, o.sequence, o.priority, o.unfinished_claims FROM outbox_events o
      WHERE o.priority = lane.priority AND o.published_at IS NULL AND o.dead_lettered_at IS NULL
        AND o.next_attempt_at <= clock_timestamp()
        AND (o.lease_until IS NULL OR o.lease_until < clock_timestamp())
        AND NOT (o.event_type = ANY (p_paused))
        AND NOT EXISTS (
          SELECT FROM outbox_events earlier
          WHERE earlier.aggregate_id = o.aggregate_id AND earlier.sequence < o.sequence
            AND earlier.published_at IS NULL AND earlier.dead_lettered_at IS NULL)
      ORDER BY o.sequence
      LIMIT p_lanes[lane.priority + 1]
      FOR UPDATE OF o SKIP LOCKED
    ) candidate
  ), stray AS MATERIALIZED (
    -- While the check on priority stands, the planner knows that there are none and looks nowhere.
    SELECT o.id, o.created_at, o.aggregate_id, o.sequence, o.priority, o.unfinished_claims FROM outbox_events o
    WHERE (o.priority < 0 OR o.priority > 3) AND o.published_at IS NULL AND o.dead_lettered_at IS NULL
      AND o.next_attempt_at <= clock_timestamp()
      AND (o.lease_until IS NULL OR o.lease_until < clock_timestamp())
      AND NOT EXISTS (
        SELECT FROM outbox_events earlier
        WHERE earlier.aggregate_id = o.aggregate_id AND earlier.sequence < o.sequence
          AND earlier.published_at IS NULL AND earlier.dead_lettered_at IS NULL)
    ORDER BY o.sequence
    LIMIT p_lanes[4]
    FOR UPDATE OF o SKIP LOCKED
  ), candidate AS MATERIALIZED (
    SELECT h.id, h.created_at, h.aggregate_id, h.sequence, h.priority, h.place, h.unfinished_claims FROM lane_head h
    UNION ALL
    SELECT s.id, s.created_at, s.aggregate_id, s.sequence, s.priority, p_floor + 1, s.unfinished_claims FROM stray s
  ), alone AS MATERIALIZED (
    SELECT c.id, c.created_at FROM candidate c WHERE c.unfinished_claims >= p_alone_after
    ORDER BY c.sequence
    LIMIT least(p_heads, 1)
  ), head AS MATERIALIZED (
    SELECT c.id, c.created_at, c.aggregate_id, c.sequence FROM candidate c
    WHERE NOT EXISTS (SELECT FROM alone)
    ORDER BY (c.place <= p_floor) DESC, c.priority, c.sequence
    LIMIT p_heads
  ), run AS MATERIALIZED (
    SELECT a.id, a.created_at, 0::bigint AS position FROM alone a
    UNION ALL
    SELECT h.id, h.created_at, 0 FROM head h
    UNION ALL
    SELECT s.id, s.created_at, s.position FROM head h CROSS JOIN LATERAL (
      SELECT n.id, n.created_at, row_number() OVER (ORDER BY n.sequence) AS position,
             bool_and(n.next_attempt_at <= clock_timestamp()
                      AND (n.lease_until IS NULL OR n.lease_until < clock_timestamp())
                      AND n.unfinished_claims < p_alone_after
                      AND NOT (n.event_type = ANY (p_paused))) OVER (ORDER BY n.sequence) AS may_run
      FROM outbox_events n
      WHERE n.aggregate_id = h.aggregate_id AND n.sequence > h.sequence
        AND n.published_at IS NULL AND n.dead_lettered_at IS NULL
      ORDER BY n.sequence
      LIMIT 8
    ) s WHERE s.may_run
    -- Cutting by position leaves every aggregate a run without holes.
    ORDER BY position
    LIMIT p_rows
  ), claimed AS (
    UPDATE outbox_events o
    SET lease_token = p_token,
        lease_until = clock_timestamp() + p_lease,
        claim_count = o.claim_count + 1,
        unfinished_claims = o.unfinished_claims + 1,
        first_attempt_at = coalesce(o.first_attempt_at, clock_timestamp())
    FROM run
    WHERE o.id = run.id AND o.created_at = run.created_at
      -- Only heads were locked when they were looked at: a stale holder may be settling a successor at this moment.
      AND o.published_at IS NULL AND o.dead_lettered_at IS NULL
    RETURNING o.*, o.created_at >= '0001-01-01 00:00:00+00' AND o.created_at < '10000-01-01 00:00:00+00' AS dated
  )
  SELECT
    c.id, c.aggregate_id, left(c.aggregate_type, 256), left(c.event_type, 256),
    -- A payload that is refused for its size anyway is not carried over the wire.
    CASE WHEN size.bytes BETWEEN 0 AND p_max_payload AND c.unfinished_claims <= p_unread_after THEN c.payload END,
    size.bytes,
    CASE WHEN c.dated THEN to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') ELSE c.created_at::text END,
    CASE WHEN c.dated THEN (extract(epoch FROM least(c.created_at, clock_timestamp())) * 1000)::bigint ELSE 0 END,
    c.sequence, c.priority, c.schema_version, left(c.traceparent, 256), c.retry_count, c.claim_count,
    (extract(epoch FROM clock_timestamp() - c.first_attempt_at) * 1000)::bigint,
    c.unfinished_claims - 1
  FROM claimed c CROSS JOIN LATERAL (
    -- So small and not compressed, it cannot become long as text: the care is spent on the others.
    SELECT CASE WHEN pg_column_size(c.payload) < 2000 AND pg_column_compression(c.payload) IS NULL
                THEN octet_length(c.payload::text) ELSE outbox_payload_bytes(c.payload) END AS bytes
    OFFSET 0
  ) AS size;
END $$;

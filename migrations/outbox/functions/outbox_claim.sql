-- Revision 2.
-- The claim. Idle, it reads two indexes of outbox_heads and no row of outbox_events; with work, the rows it takes.
--
-- 1. Heads whose sleep is over are made ready; vacant ones are looked at again. A sleep that ends later than any lease or
--    back-off may last is over, too: the clock has been set back.
-- 2. Ready heads by lane: p_lanes[priority + 1] is the most that may be taken of a priority; the first p_floor of every
--    lane come before anything else, so that no priority starves; the rest goes by priority, then by commit order. Types
--    that are paused are skipped, not walked. Heads are locked, and what another claim has locked is left to it.
-- 3. With the head locked, the first pending rows of its aggregate are read: which is the first is decided here, on the rows.
--    Up to p_run of an aggregate and p_rows in all; no other bridge can claim them, their head is ours. Rows that another
--    transaction has locked are not waited for.
-- 4. A row that p_alone_after claims in a row left without an end may be what kills the process: a claim that meets one
--    takes it and nothing else, so that no other row dies with it any more. After p_unread_after such claims its payload is
--    left out, so that it can be given up without being read.
--
-- Nothing in a row makes the statement fail: sizes are measured with care, dates that are no RFC 3339 date come back as
-- PostgreSQL writes them, and long texts are cut where no valid value reaches. A created_at in the future is a wrong clock:
-- created_at_ms, the score in the feeds, is never later than now.
--
-- What has come from another outbox and is not open yet counts as paused (outbox_moves).
--
-- claim_ms: from the arrival of the statement to the lease.
-- Its plans: see outbox_refresh_heads.
CREATE OR REPLACE FUNCTION outbox_claim(
  p_token uuid, p_lease interval, p_lanes integer[], p_floor integer, p_heads integer, p_rows integer, p_paused text[],
  p_max_payload integer, p_alone_after integer DEFAULT 3, p_unread_after integer DEFAULT 6, p_run integer DEFAULT 9
) RETURNS TABLE (
  id uuid, aggregate_id uuid, aggregate_type text, event_type text, payload jsonb, payload_bytes integer, created_at text,
  created_at_ms bigint, sequence bigint, priority smallint, schema_version integer, traceparent text, retry_count integer,
  claim_count integer, first_attempt_age_ms bigint, unfinished_claims integer, claim_ms integer
) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_mergejoin = off SET enable_sort = off SET jit = off SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
  at        timestamptz := clock_timestamp();
  longest   timestamptz := at + greatest(p_lease, interval '6 minutes');
  due       uuid[];
  too_far   uuid[];
  vacant    uuid[];
  candidate record;
  chosen    uuid[] := '{}';
  of_lane   integer[] := '{0,0,0,0}';
  alone     boolean := false;
  floors    bigint[] := '{}';
  head      record;
  ids       uuid[];
  times     timestamptz[];
BEGIN
  IF p_rows <= 0 OR p_heads <= 0 THEN RETURN; END IF;
  p_paused := p_paused || ARRAY(SELECT t.spelling FROM outbox_event_types t WHERE t.moving = 'closed');
  -- 1.
  SELECT array_agg(s.aggregate_id) FILTER (WHERE s.vacant_since IS NULL AND s.wake_at <= at),
         array_agg(s.aggregate_id) FILTER (WHERE s.vacant_since IS NULL AND s.wake_at > at),
         array_agg(s.aggregate_id) FILTER (WHERE s.vacant_since IS NOT NULL) INTO due, too_far, vacant FROM (
    SELECT * FROM (SELECT h.aggregate_id, h.wake_at, h.vacant_since FROM outbox_heads h WHERE h.wake_at <= at
                   ORDER BY h.wake_at LIMIT 200 FOR NO KEY UPDATE SKIP LOCKED) over
    UNION ALL
    SELECT * FROM (SELECT h.aggregate_id, h.wake_at, h.vacant_since FROM outbox_heads h WHERE h.wake_at > longest AND h.wake_at < 'infinity'
                   ORDER BY h.wake_at LIMIT 200 FOR NO KEY UPDATE SKIP LOCKED) too_far
  ) s;
  IF due IS NOT NULL THEN
    UPDATE outbox_heads h SET wake_at = NULL WHERE h.aggregate_id = ANY (due);
  END IF;
  -- Of lease and back-off, the other may still hold: a head made ready whose row may not run would be chosen again and again.
  IF too_far IS NOT NULL THEN
    UPDATE outbox_heads h SET wake_at = f.wake_at
    FROM (SELECT l.aggregate_id, r.wake_at FROM outbox_heads l LEFT JOIN LATERAL (
            SELECT (SELECT max(t.until) FROM (VALUES (o.next_attempt_at), (o.lease_until)) AS t (until)
                    WHERE t.until > at AND t.until <= longest) AS wake_at
            FROM outbox_events o
            WHERE o.aggregate_id = l.aggregate_id AND o.sequence >= l.sequence AND o.published_at IS NULL AND o.dead_lettered_at IS NULL
            ORDER BY o.sequence LIMIT 1
          ) r ON true WHERE l.aggregate_id = ANY (too_far)) f
    WHERE h.aggregate_id = ANY (too_far) AND h.aggregate_id = f.aggregate_id;
  END IF;
  IF vacant IS NOT NULL THEN PERFORM outbox_refresh_heads(vacant, NULL); END IF;
  -- 2.
  FOR candidate IN
    WITH RECURSIVE kind AS (
      (SELECT h.lane, h.event_type FROM outbox_heads h WHERE h.wake_at IS NULL ORDER BY h.lane, h.event_type LIMIT 1)
      UNION ALL
      SELECT n.lane, n.event_type FROM kind k CROSS JOIN LATERAL (
        SELECT h.lane, h.event_type FROM outbox_heads h
        WHERE h.wake_at IS NULL AND (h.lane, h.event_type) > (k.lane, k.event_type)
        ORDER BY h.lane, h.event_type LIMIT 1
      ) n
    ), ready AS (
      SELECT f.*, row_number() OVER (PARTITION BY f.lane ORDER BY f.sequence) AS place
      FROM kind k CROSS JOIN LATERAL (
        SELECT h.aggregate_id, h.lane, h.sequence, h.unfinished_claims FROM outbox_heads h
        WHERE h.wake_at IS NULL AND h.lane = k.lane AND h.event_type = k.event_type
        ORDER BY h.sequence
        -- Some more than wanted: another bridge may be taking the first ones at this moment.
        LIMIT p_lanes[k.lane + 1] * 2
      ) f WHERE NOT (k.event_type = ANY (p_paused))
    )
    SELECT r.aggregate_id, r.lane + 1 AS lane, s.suspect
    FROM ready r CROSS JOIN LATERAL (SELECT r.unfinished_claims >= p_alone_after AS suspect) s
    -- One that may kill is taken alone or not at all: past what its lane may have, it would take the place of another.
    WHERE NOT s.suspect OR r.place <= p_lanes[r.lane + 1]
    ORDER BY s.suspect DESC, CASE WHEN s.suspect THEN r.sequence END, (r.place <= p_floor) DESC, r.lane, r.sequence
  LOOP
    CONTINUE WHEN of_lane[candidate.lane] >= p_lanes[candidate.lane];
    SELECT h.wake_at, h.sequence INTO head FROM outbox_heads h WHERE h.aggregate_id = candidate.aggregate_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND OR head.wake_at IS NOT NULL;
    chosen := chosen || candidate.aggregate_id;
    floors := floors || head.sequence;
    of_lane[candidate.lane] := of_lane[candidate.lane] + 1;
    alone := candidate.suspect;
    EXIT WHEN alone OR cardinality(chosen) >= least(p_heads, p_rows);
  END LOOP;
  IF chosen = '{}' THEN RETURN; END IF;
  -- 3. and 4.
  WITH listed AS MATERIALIZED (
    SELECT s.* FROM unnest(chosen, floors) WITH ORDINALITY AS c (aggregate_id, floor, place) CROSS JOIN LATERAL (
      SELECT n.id, n.created_at, n.aggregate_id, row_number() OVER pending AS position, bool_and(n.may_run) OVER pending AS may_run,
             coalesce(sum(n.bytes) OVER (pending ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
      FROM (
        SELECT o.id, o.created_at, o.aggregate_id, o.sequence, pg_column_size(o.payload) AS bytes,
               (o.next_attempt_at <= at OR o.next_attempt_at > longest)
               AND (o.lease_until IS NULL OR o.lease_until < at OR o.lease_until > longest)
               AND (alone OR o.unfinished_claims < p_alone_after)
               AND NOT (o.event_type = ANY (p_paused)) AS may_run
        FROM outbox_events o
        WHERE o.aggregate_id = c.aggregate_id AND o.sequence >= c.floor AND o.published_at IS NULL AND o.dead_lettered_at IS NULL
        ORDER BY o.sequence
        LIMIT CASE WHEN alone THEN 1 ELSE p_run END
      ) n
      WINDOW pending AS (ORDER BY n.sequence)
    ) s
    -- Long runs are of small rows: what is claimed is held in memory.
    WHERE s.may_run AND (s.position <= 9 OR s.bytes_before < 1000000)
    -- Cutting by position leaves every aggregate a run without holes.
    ORDER BY s.position, c.place
    LIMIT p_rows
  ), locked AS MATERIALIZED (
    SELECT l.id, l.created_at, l.aggregate_id, l.position, o.pending FROM listed l CROSS JOIN LATERAL (
      SELECT r.published_at IS NULL AND r.dead_lettered_at IS NULL AS pending FROM outbox_events r
      WHERE r.id = l.id AND r.created_at = l.created_at LIMIT 1
      FOR NO KEY UPDATE SKIP LOCKED
    ) o
  ), run AS (
    SELECT r.id, r.created_at FROM (
      SELECT l.*, row_number() OVER (PARTITION BY l.aggregate_id ORDER BY l.position) AS place FROM locked l WHERE l.pending
    ) r WHERE r.place = r.position
  )
  SELECT array_agg(r.id), array_agg(r.created_at) INTO ids, times FROM run r;
  PERFORM set_config('nova.claiming', 'on', true);
  RETURN QUERY
  WITH claimed AS (
    UPDATE outbox_events o
    SET lease_token = p_token,
        lease_until = clock_timestamp() + p_lease,
        claim_count = o.claim_count + 1,
        unfinished_claims = o.unfinished_claims + 1,
        first_attempt_at = coalesce(o.first_attempt_at, clock_timestamp())
    WHERE o.id = ANY (ids) AND o.created_at BETWEEN (SELECT min(t.at) FROM unnest(times) AS t (at)) AND (SELECT max(t.at) FROM unnest(times) AS t (at))
      -- An id may have been written twice. No condition for the index: it would look for every id at every time.
      AND o.created_at + interval '0' = ANY (times)
    RETURNING o.*, o.created_at >= '0001-01-01 00:00:00+00' AND o.created_at < '10000-01-01 00:00:00+00' AS dated
  ), asleep AS (
    UPDATE outbox_heads h SET sequence = f.sequence, wake_at = f.lease_until, unfinished_claims = f.unfinished_claims
    FROM (SELECT DISTINCT ON (c.aggregate_id) c.aggregate_id, c.sequence, c.lease_until, c.unfinished_claims FROM claimed c
          ORDER BY c.aggregate_id, c.sequence) f
    WHERE h.aggregate_id = ANY (chosen) AND h.aggregate_id = f.aggregate_id
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
    c.unfinished_claims - 1,
    greatest(0, floor(extract(epoch FROM c.lease_until - p_lease - statement_timestamp()) * 1000))::integer
  FROM claimed c CROSS JOIN LATERAL (
    -- So small and not compressed, it cannot become long as text: the care is spent on the others.
    SELECT CASE WHEN pg_column_size(c.payload) < 2000 AND pg_column_compression(c.payload) IS NULL
                THEN octet_length(c.payload::text) ELSE outbox_payload_bytes(c.payload) END AS bytes
    OFFSET 0
  ) AS size;
  PERFORM set_config('nova.claiming', 'off', true);
  -- Chosen, and no row could be taken: none is left, or it waits, or another transaction has it. It steps aside a moment.
  SELECT array_agg(h.aggregate_id) FILTER (WHERE h.wake_at IS NULL) INTO chosen FROM outbox_heads h WHERE h.aggregate_id = ANY (chosen);
  IF chosen IS NOT NULL THEN PERFORM outbox_refresh_heads(chosen, NULL, interval '100 ms'); END IF;
END $$;

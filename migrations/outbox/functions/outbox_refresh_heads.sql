-- Revision 1.
-- Brings the heads of these aggregates in line with their rows. Called with the rows already changed. The heads are locked
-- first, in one order; each look after that is a statement of its own and sees what is committed by then (READ COMMITTED), so the
-- last of several to change an aggregate sees what all of them did.
--
-- p_floors: of each aggregate, the least sequence that became pending; null: none did. A head's sequence is never above its
-- first pending row, so the look begins there and does not walk the aggregate's history.
--
-- An aggregate without a pending row: a writer that has not committed has seen the head and made none of its own. So the head
-- goes only under the writers' lock, after one more look. Their lock is never waited for: if it is not to be had, the head
-- stays as vacant and is looked at again, 10 ms later at first, and never more than a second.
--
-- p_rest: for a head whose first row looks ready and could not be taken.
--
-- Plans are not left to the statistics: with none, with wrong ones, or with a plan made while a table was small, each step reads by
-- the one index that its own conditions fit. That is why there are the settings, the arrays and the LATERALs: no table is reached by a
-- join alone, which a plan for small tables turns into reading an index from end to end. A list is searched from its beginning for each
-- aggregate, so long ones are cut into slices: 30,000 aggregates took 7 s in one, and the time grew with the square.
CREATE OR REPLACE FUNCTION outbox_refresh_heads(p_aggregates uuid[], p_floors bigint[], p_rest interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_mergejoin = off SET enable_sort = off SET jit = off SET search_path FROM CURRENT AS $$
DECLARE
  todo   uuid[];
  floors bigint[];
  seen   uuid[];
  locked uuid[] := '{}';
  at     timestamptz;
  slice  record;
BEGIN
  IF cardinality(p_aggregates) > 500 THEN
    -- In the order of the aggregates, in which every caller locks heads.
    FOR slice IN
      SELECT array_agg(s.id ORDER BY s.id) AS ids, array_agg(s.floor ORDER BY s.id) AS floors
      FROM (SELECT a.id, min(a.floor) AS floor, (row_number() OVER (ORDER BY a.id) - 1) / 500 AS number
            FROM unnest(p_aggregates, p_floors) AS a (id, floor) GROUP BY a.id) s
      GROUP BY s.number ORDER BY s.number
    LOOP
      PERFORM outbox_refresh_heads(slice.ids, slice.floors, p_rest);
    END LOOP;
    RETURN;
  END IF;
  INSERT INTO outbox_heads AS h (aggregate_id, sequence, lane, event_type, wake_at)
  SELECT a.id, coalesce(min(a.floor), 0), 3, '', 'infinity'::timestamptz FROM unnest(p_aggregates, p_floors) AS a (id, floor)
  GROUP BY a.id ORDER BY a.id
  ON CONFLICT (aggregate_id) DO UPDATE SET sequence = excluded.sequence WHERE excluded.sequence > 0 AND excluded.sequence < h.sequence;
  todo := p_aggregates;
  FOR look IN 1 .. 2 LOOP
    SELECT array_agg(h.aggregate_id), array_agg(h.sequence) INTO todo, floors FROM outbox_heads h WHERE h.aggregate_id = ANY (todo);
    at := clock_timestamp();
    WITH first AS MATERIALIZED (
      SELECT a.id AS aggregate_id, r.sequence, CASE WHEN r.priority BETWEEN 0 AND 3 THEN r.priority ELSE 3 END AS lane,
        coalesce((SELECT t.spelling FROM outbox_event_types t WHERE t.spelling = r.event_type), '') AS event_type, r.unfinished_claims,
        CASE WHEN EXISTS (SELECT FROM outbox_holds d WHERE d.aggregate_id = a.id AND d.sequence < r.sequence) THEN 'infinity'
             WHEN greatest(r.next_attempt_at, r.lease_until) > at THEN greatest(r.next_attempt_at, r.lease_until)
             ELSE at + p_rest END AS wake_at
      FROM unnest(todo, floors) AS a (id, floor)
      CROSS JOIN LATERAL (
        SELECT o.sequence, o.priority, o.event_type, o.unfinished_claims, o.next_attempt_at, o.lease_until FROM outbox_events o
        WHERE o.aggregate_id = a.id AND o.sequence >= a.floor AND o.published_at IS NULL AND o.dead_lettered_at IS NULL
        ORDER BY o.sequence LIMIT 1
      ) r
    ), changed AS (
      UPDATE outbox_heads h
      SET sequence = f.sequence, lane = f.lane, event_type = f.event_type, unfinished_claims = f.unfinished_claims,
          wake_at = f.wake_at, vacant_since = NULL
      FROM first f WHERE h.aggregate_id = ANY (todo) AND h.aggregate_id = f.aggregate_id
        AND (h.sequence, h.lane, h.event_type, h.unfinished_claims, h.wake_at, h.vacant_since)
            IS DISTINCT FROM (f.sequence, f.lane, f.event_type, f.unfinished_claims, f.wake_at, NULL::timestamptz)
    )
    SELECT coalesce(array_agg(f.aggregate_id), '{}') INTO seen FROM first f;
    todo := ARRAY(SELECT a.id FROM unnest(todo) AS a (id) WHERE NOT a.id = ANY (seen));
    IF todo = '{}' THEN RETURN; END IF;
    EXIT WHEN look = 2;
    locked := ARRAY(SELECT l.aggregate_id FROM outbox_writer_locks l WHERE l.aggregate_id = ANY (todo) FOR UPDATE SKIP LOCKED);
    IF cardinality(locked) < cardinality(todo) THEN
      locked := locked || outbox_make_writer_locks(ARRAY(
        SELECT a.id FROM unnest(todo) AS a (id)
        LEFT JOIN LATERAL (SELECT true AS is_there FROM outbox_writer_locks l WHERE l.aggregate_id = a.id OFFSET 0) l ON true
        WHERE l.is_there IS NULL));
    END IF;
  END LOOP;
  -- Kept while a dead letter holds: what is written later must find the head asleep.
  DELETE FROM outbox_heads h WHERE h.aggregate_id = ANY (todo) AND h.aggregate_id = ANY (locked)
    AND NOT EXISTS (SELECT FROM outbox_holds d WHERE d.aggregate_id = h.aggregate_id);
  UPDATE outbox_heads h
  SET vacant_since = coalesce(h.vacant_since, at),
      wake_at = CASE WHEN EXISTS (SELECT FROM outbox_holds d WHERE d.aggregate_id = h.aggregate_id) THEN 'infinity'
                     ELSE at + least(greatest((at - coalesce(h.vacant_since, at)) / 4, interval '10 ms'), interval '1 s') END
  WHERE h.aggregate_id = ANY (todo);
END $$;

-- One row per aggregate that has work, so that a claim reads what it may start and nothing else. Its reasons, and the proof of
-- its order, are docs/decisions/0009-heads.md. Everything the release before uses keeps its name, its arguments and its
-- meaning: outbox_claim, and plain UPDATEs of outbox_events.

-- No writer may be between the old lock (advisory) and the new one (a row): this waits for the transactions that have
-- written, and lets none begin. Prepared transactions count, too.
LOCK TABLE outbox_events IN SHARE ROW EXCLUSIVE MODE;

-- The lock of the writers of an aggregate: the row is locked until they commit, never changed. A row lock is on disk: a
-- transaction may hold a million of them, each exactly one aggregate. Rows carry no state; housekeeping deletes old ones.
CREATE TABLE outbox_writer_locks (
  aggregate_id uuid PRIMARY KEY,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idx_writer_locks_age ON outbox_writer_locks USING brin (made_at) WITH (autosummarize = on);

CREATE TABLE outbox_heads (
  aggregate_id      uuid PRIMARY KEY,
  -- Of the first pending row, for the order of claims. Which row is the first is read from outbox_events at the claim.
  sequence          bigint NOT NULL,
  lane              smallint NOT NULL,
  event_type        text COLLATE "C" NOT NULL,
  unfinished_claims integer NOT NULL DEFAULT 0,
  wake_at           timestamptz,
  vacant_since      timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE outbox_heads IS 'One row per aggregate with a pending row. Kept by triggers of outbox_events; never written by hand.';
COMMENT ON COLUMN outbox_heads.lane IS 'Priority of the first pending row; 3 when it has none of the four.';
COMMENT ON COLUMN outbox_heads.event_type IS 'As the row spells it; empty when the catalogue does not know it.';
COMMENT ON COLUMN outbox_heads.wake_at IS 'Null: may be claimed. Else asleep until then: a lease, a back-off, a look at a vacant head; infinity: held by a dead letter.';
COMMENT ON COLUMN outbox_heads.vacant_since IS 'No pending row was seen, and a writer of the aggregate was open: it is looked at again.';
CREATE INDEX idx_heads_ready ON outbox_heads (lane, event_type, sequence) WHERE wake_at IS NULL;
CREATE INDEX idx_heads_asleep ON outbox_heads (wake_at) WHERE wake_at IS NOT NULL;

-- What follows a dead letter of this type waits for it, or goes on.
ALTER TABLE outbox_event_types ADD COLUMN after_dead_letter text NOT NULL DEFAULT 'continue'
  CHECK (after_dead_letter IN ('continue', 'hold'));

-- Dead letters that hold back what follows them in their aggregate.
CREATE TABLE outbox_holds (
  aggregate_id uuid NOT NULL,
  id           uuid NOT NULL,
  sequence     bigint NOT NULL,
  held_since   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (aggregate_id, id)
);

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
CREATE FUNCTION outbox_refresh_heads(p_aggregates uuid[], p_floors bigint[], p_rest interval DEFAULT NULL) RETURNS void
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

-- Lock rows that are missing, made and so locked. Another transaction may be making the same one and stay open: that is not
-- waited for either. Returns those that are ours.
CREATE FUNCTION outbox_make_writer_locks(p_aggregates uuid[]) RETURNS uuid[]
LANGUAGE plpgsql SET lock_timeout = '5ms' SET search_path FROM CURRENT AS $$
DECLARE
  made  uuid[] := '{}';
  wanted uuid;
BEGIN
  FOREACH wanted IN ARRAY p_aggregates LOOP
    BEGIN
      INSERT INTO outbox_writer_locks (aggregate_id) VALUES (wanted) ON CONFLICT DO NOTHING;
      IF FOUND THEN made := made || wanted; END IF;
    EXCEPTION WHEN lock_not_available THEN
      NULL;
    END;
  END LOOP;
  RETURN made;
END $$;

-- SECURITY DEFINER: a writer needs INSERT on outbox_events and nothing else. What the bookkeeping columns hold is not for a
-- writer to say; who may UPDATE the table anyway (its owner, a restore) may also insert them.
CREATE OR REPLACE FUNCTION outbox_before_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  known outbox_event_types;
  lane  smallint;
BEGIN
  -- Refused by their own constraint, with the table's name in the message.
  IF NEW.aggregate_id IS NULL OR NEW.event_type IS NULL THEN RETURN NEW; END IF;
  -- Waits for the writers of the aggregate that are open. The row is locked whether it is new or not, and stays as it is.
  INSERT INTO outbox_writer_locks AS l (aggregate_id) VALUES (NEW.aggregate_id)
  ON CONFLICT (aggregate_id) DO UPDATE SET made_at = l.made_at WHERE false;
  NEW.sequence := nextval('outbox_sequence');
  SELECT * INTO known FROM outbox_event_types WHERE spelling = NEW.event_type;
  -- An unknown type is let in: the business transaction must not fail for it. The bridge dead-letters it with its reason.
  NEW.aggregate_type := coalesce(NEW.aggregate_type, known.aggregate_type, 'unknown');
  NEW.priority := coalesce(NEW.priority, known.priority, 2);
  NEW.schema_version := coalesce(NEW.schema_version, known.schema_version, 1);
  IF NOT has_table_privilege(session_user, 'outbox_events', 'UPDATE') THEN
    NEW.published_at := NULL;
    NEW.retry_count := 0;
    NEW.last_error := NULL;
    NEW.next_attempt_at := '-infinity';
    NEW.first_attempt_at := NULL;
    NEW.claim_count := 0;
    NEW.unfinished_claims := 0;
    NEW.lease_token := NULL;
    NEW.lease_until := NULL;
    NEW.dead_lettered_at := NULL;
    NEW.emitted_at := NULL;
  END IF;
  IF NEW.published_at IS NOT NULL OR NEW.dead_lettered_at IS NOT NULL THEN RETURN NEW; END IF;
  lane := CASE WHEN NEW.priority BETWEEN 0 AND 3 THEN NEW.priority ELSE 3 END;
  IF current_setting('transaction_isolation') = 'read committed' THEN
    INSERT INTO outbox_heads (aggregate_id, sequence, lane, event_type, unfinished_claims, wake_at)
    VALUES (NEW.aggregate_id, NEW.sequence, lane, coalesce(known.spelling, ''), NEW.unfinished_claims,
            nullif(greatest(NEW.next_attempt_at, NEW.lease_until), '-infinity'))
    ON CONFLICT (aggregate_id) DO NOTHING;
  ELSE
    -- ON CONFLICT would fail (40001) for a head that is newer than this transaction's snapshot. Here it is enough that there is one.
    BEGIN
      INSERT INTO outbox_heads (aggregate_id, sequence, lane, event_type, unfinished_claims, wake_at)
      VALUES (NEW.aggregate_id, NEW.sequence, lane, coalesce(known.spelling, ''), NEW.unfinished_claims,
              nullif(greatest(NEW.next_attempt_at, NEW.lease_until), '-infinity'));
    EXCEPTION WHEN unique_violation THEN
      NULL;
    END;
  END IF;
  RETURN NEW;
END $$;
DROP FUNCTION outbox_lock_aggregate(uuid);

-- Every change of rows, by whichever process and statement: bridges of this release and the one before, commands, an operator's SQL.
CREATE FUNCTION outbox_after_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  changed uuid[];
  floors  bigint[];
BEGIN
  -- The claim puts to sleep what it leases.
  IF current_setting('nova.claiming', true) = 'on' THEN RETURN NULL; END IF;
  WITH was AS (
    SELECT o.aggregate_id, o.id, o.sequence, o.published_at IS NULL AS unpublished, o.dead_lettered_at IS NULL AS alive,
           p.lease_until, p.next_attempt_at, p.priority, p.event_type, p.unfinished_claims
    FROM old_rows o LEFT JOIN LATERAL (SELECT o.* WHERE o.published_at IS NULL AND o.dead_lettered_at IS NULL) p ON true
  ), is_now AS (
    SELECT o.aggregate_id, o.id, o.sequence, o.published_at IS NULL AS unpublished, o.dead_lettered_at IS NULL AS alive,
           p.lease_until, p.next_attempt_at, p.priority, p.event_type, p.unfinished_claims
    FROM new_rows o LEFT JOIN LATERAL (SELECT o.* WHERE o.published_at IS NULL AND o.dead_lettered_at IS NULL) p ON true
  ), differs AS (
    SELECT c.aggregate_id, min(c.sequence) FILTER (WHERE c.unpublished AND c.alive) AS floor
    FROM ((TABLE was EXCEPT TABLE is_now) UNION ALL (TABLE is_now EXCEPT TABLE was)) c GROUP BY c.aggregate_id
  )
  SELECT array_agg(d.aggregate_id), array_agg(d.floor) INTO changed, floors FROM differs d;
  IF changed IS NULL THEN RETURN NULL; END IF;
  DELETE FROM outbox_holds d USING new_rows o
  WHERE d.aggregate_id = o.aggregate_id AND d.id = o.id AND (o.dead_lettered_at IS NULL OR o.published_at IS NOT NULL);
  INSERT INTO outbox_holds (aggregate_id, id, sequence)
  SELECT o.aggregate_id, o.id, o.sequence
  FROM new_rows o JOIN old_rows w ON w.id = o.id AND w.created_at = o.created_at
  JOIN outbox_event_types t ON t.spelling = o.event_type AND t.after_dead_letter = 'hold'
  WHERE o.dead_lettered_at IS NOT NULL AND o.published_at IS NULL AND w.dead_lettered_at IS NULL
  ON CONFLICT DO NOTHING;
  PERFORM outbox_refresh_heads(changed, floors);
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_after_update AFTER UPDATE ON outbox_events REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION outbox_after_update();

CREATE FUNCTION outbox_after_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  changed uuid[];
BEGIN
  DELETE FROM outbox_holds d USING old_rows o WHERE d.aggregate_id = o.aggregate_id AND d.id = o.id;
  SELECT array_agg(DISTINCT o.aggregate_id) INTO changed FROM old_rows o
  WHERE o.published_at IS NULL;
  IF changed IS NOT NULL THEN PERFORM outbox_refresh_heads(changed, NULL); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_after_delete AFTER DELETE ON outbox_events REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION outbox_after_delete();

CREATE FUNCTION outbox_after_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  DELETE FROM outbox_heads;
  DELETE FROM outbox_holds;
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_after_truncate AFTER TRUNCATE ON outbox_events
  FOR EACH STATEMENT EXECUTE FUNCTION outbox_after_truncate();

-- Repairs the heads of aggregates that have a pending row and no head, or one behind it, 10,000 at most: so many take a second
-- or two, and a client waits for a statement no longer than 15 s. Returns how many there were; with 10,000, call it again. None,
-- unless rows came past the triggers (a partition put back, a restore without triggers, an UPDATE that names a partition).
CREATE FUNCTION outbox_repair_heads() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  wrong  uuid[];
  floors bigint[];
BEGIN
  SELECT array_agg(w.aggregate_id), array_agg(w.floor) INTO wrong, floors FROM (
    SELECT o.aggregate_id, min(o.sequence) AS floor FROM outbox_events o
    LEFT JOIN outbox_heads h ON h.aggregate_id = o.aggregate_id
    WHERE o.published_at IS NULL AND o.dead_lettered_at IS NULL AND (h.aggregate_id IS NULL OR o.sequence < h.sequence)
    GROUP BY o.aggregate_id
    LIMIT 10000
  ) w;
  IF wrong IS NULL THEN RETURN 0; END IF;
  PERFORM outbox_refresh_heads(wrong, floors);
  RETURN cardinality(wrong);
END $$;

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
-- claim_ms: from the arrival of the statement to the lease.
-- Its plans: see outbox_refresh_heads.
DROP FUNCTION outbox_claim(uuid, interval, integer[], integer, integer, integer, text[], integer, integer, integer);
CREATE FUNCTION outbox_claim(
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

-- What is pending at this moment, while no writer and no bridge can change it.
INSERT INTO outbox_heads (aggregate_id, sequence, lane, event_type, unfinished_claims, wake_at)
SELECT DISTINCT ON (o.aggregate_id) o.aggregate_id, o.sequence, CASE WHEN o.priority BETWEEN 0 AND 3 THEN o.priority ELSE 3 END,
       coalesce(t.spelling, ''), o.unfinished_claims, nullif(greatest(o.next_attempt_at, o.lease_until), '-infinity')
FROM outbox_events o LEFT JOIN outbox_event_types t ON t.spelling = o.event_type
WHERE o.published_at IS NULL AND o.dead_lettered_at IS NULL
ORDER BY o.aggregate_id, o.sequence;
INSERT INTO outbox_writer_locks (aggregate_id) SELECT h.aggregate_id FROM outbox_heads h;

-- A login that was given the outbox by hand, to claim and mark, goes on doing so.
DO $$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT DISTINCT a.grantee::regrole::text FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.oid = 'outbox_events'::regclass AND a.privilege_type = 'UPDATE' AND a.grantee <> 0 AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON outbox_heads, outbox_writer_locks TO %s', grantee);
    EXECUTE format('GRANT SELECT ON outbox_holds, outbox_event_types TO %s', grantee);
  END LOOP;
END $$;

-- What housekeeping needs (docs/decisions/0007-housekeeping.md).

-- One row per chore that one process does at a time, on the database's clock: no session lock, so it works behind a pooler.
CREATE TABLE chores (
  name          text PRIMARY KEY,
  holder        text,                  -- the process that does it now
  token         uuid,                  -- of the turn in force: only its holder may renew or end it
  lease_until   timestamptz NOT NULL DEFAULT '-infinity',
  due_at        timestamptz NOT NULL DEFAULT '-infinity',
  last_began_at timestamptz,
  last_done_at  timestamptz,
  last_error    text,                  -- of the last turn; null when it went well
  report        jsonb                  -- what the last turn that went well found and did
);

-- Partitions taken out: written before the detach, so that whoever comes after a crash knows what was begun; kept as the
-- record of what is gone.
CREATE TABLE outbox_partition_drops (
  name        text PRIMARY KEY,
  lower_bound timestamptz NOT NULL,
  upper_bound timestamptz NOT NULL,
  began_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  dropped_at  timestamptz,             -- null: begun
  row_count   bigint                   -- when dropped
);

-- The partitions of the outbox. A null bound has no end. detach_pending: taken out half-way, in no query any more.
CREATE VIEW outbox_partitions AS
  SELECT c.relname::text AS name, c.oid AS oid, i.inhdetachpending AS detach_pending,
         greatest(c.reltuples, 0)::bigint AS estimated_rows, pg_total_relation_size(c.oid) AS bytes,
         (regexp_match(bound.text, 'FROM \(''([^'']+)''\)'))[1]::timestamptz AS lower_bound,
         (regexp_match(bound.text, 'TO \(''([^'']+)''\)'))[1]::timestamptz AS upper_bound
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS text) bound
  WHERE i.inhparent = 'outbox_events'::regclass;

-- As before, but goes by what is attached, not by which tables exist: a day whose table is there and not attached (restored
-- by hand, say) was skipped in silence. Such a table is attached; if that is impossible, the error says why.
CREATE OR REPLACE FUNCTION outbox_ensure_partitions(days_ahead integer) RETURNS integer LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  day      date;
  today    date := (now() AT TIME ZONE 'UTC')::date;
  part     text;
  made     integer := 0;
BEGIN
  SET LOCAL lock_timeout = '5s';
  PERFORM pg_advisory_xact_lock(7023);
  IF to_regclass('outbox_events_past') IS NULL THEN
    EXECUTE format('CREATE TABLE outbox_events_past PARTITION OF outbox_events FOR VALUES FROM (MINVALUE) TO (%L)',
                   today::text || ' 00:00:00+00');
  END IF;
  FOR day IN SELECT generate_series(today, today + days_ahead, interval '1 day')::date LOOP
    part := 'outbox_events_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = 'outbox_events'::regclass AND i.inhrelid = to_regclass(part));
    IF to_regclass(part) IS NULL THEN
      EXECUTE format('CREATE TABLE %I (LIKE outbox_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
                      WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
                            autovacuum_analyze_scale_factor = 0.02)', part);
    END IF;
    EXECUTE format('ALTER TABLE outbox_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   part, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

-- Days from today (UTC) on that have a partition without a gap, today not counted; -1: today has none, inserts fail now.
CREATE FUNCTION outbox_days_ahead() RETURNS integer LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  WITH today AS (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS at)
  SELECT (min(n) - 1)::integer FROM today, generate_series(0, 4000) AS n
  WHERE NOT EXISTS (SELECT FROM outbox_partitions p
                    WHERE NOT p.detach_pending AND today.at + n * interval '24 hours' >= coalesce(p.lower_bound, '-infinity')
                      AND today.at + n * interval '24 hours' < coalesce(p.upper_bound, 'infinity'))
$$;

-- Lets outbox_events_past reach up to the first day that is left, so that a row dated into a dropped day still has a home.
-- Needs the parent for itself for a few milliseconds: waits 50 ms for that, no more, and fails (55P03) rather than make
-- inserts queue behind it. Answers whether it moved. Not with more than 1000 rows in it: they are read under that lock.
CREATE FUNCTION outbox_widen_past() RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  reaches timestamptz;
  first   timestamptz;
BEGIN
  SELECT max(upper_bound) FILTER (WHERE name = 'outbox_events_past'), min(lower_bound) FILTER (WHERE name <> 'outbox_events_past')
  INTO reaches, first FROM outbox_partitions;
  IF reaches IS NULL OR first IS NULL OR reaches >= first THEN RETURN false; END IF;
  IF (SELECT count(*) FROM (SELECT FROM outbox_events_past LIMIT 1001) AS sample) > 1000 THEN RETURN false; END IF;
  SET LOCAL lock_timeout = '50ms';
  ALTER TABLE outbox_events DETACH PARTITION outbox_events_past;
  EXECUTE format('ALTER TABLE outbox_events ATTACH PARTITION outbox_events_past FOR VALUES FROM (MINVALUE) TO (%L)', first);
  RETURN true;
END $$;

-- When a ledger row was written; it goes after its event's partition. A constant default: the table is not rewritten. On a
-- large database do the lines below by hand before migrating, the indexes CONCURRENTLY: what is there is left as it is.
ALTER TABLE notification_deliveries ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX IF NOT EXISTS idx_deliveries_age ON notification_deliveries (created_at);
CREATE INDEX IF NOT EXISTS idx_wanted_media_age ON wanted_media (wanted_at);
CREATE INDEX IF NOT EXISTS idx_unnamed_claims_age ON unnamed_claims (posted_at);
-- Only tombstones that void what came before them, and only of reactions, ever expire.
CREATE INDEX IF NOT EXISTS idx_tombstones_reaction_age ON tombstones (created_at) WHERE subject_type = 'reaction' AND NOT final;
-- Only notifications that nobody can see ever expire.
CREATE INDEX IF NOT EXISTS idx_notifications_unseen_age ON notifications (created_at) WHERE NOT in_app OR retracted_at IS NOT NULL;

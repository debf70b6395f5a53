-- Revision 1.
-- Makes the days ahead. Goes by what is attached, not by which tables exist: a day whose table is there and not attached (restored
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

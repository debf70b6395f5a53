-- Revision 1.
-- Lets outbox_events_past reach up to the first day that is left, so that a row dated into a dropped day still has a home.
-- Needs the parent for itself for a few milliseconds: waits 50 ms for that, no more, and fails (55P03) rather than make
-- inserts queue behind it. Returns whether it moved. Not with more than 1000 rows in it: they are read under that lock.
CREATE OR REPLACE FUNCTION outbox_widen_past() RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
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

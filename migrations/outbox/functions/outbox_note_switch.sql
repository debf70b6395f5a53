-- Revision 1.
-- Makes a switch that is committed known to transactions with older snapshots: outbox_before_insert refuses their rows. Returns the
-- transactions that have written here and are open; once they have ended, no row of the domains comes any more. A lock on the table is held
-- from before the trigger looks until the end of the transaction.
CREATE OR REPLACE FUNCTION outbox_note_switch(move uuid) RETURNS TABLE (transaction text, pid integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  switch bigint;
BEGIN
  SELECT m.number INTO switch FROM outbox_moves m WHERE m.id = move AND m.direction = 'out';
  IF switch > (SELECT s.last_value FROM outbox_switches s) THEN PERFORM setval('outbox_switches', switch); END IF;
  RETURN QUERY SELECT DISTINCT l.virtualtransaction, l.pid FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND (l.relation = 'outbox_events'::regclass
           OR l.relation IN (SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = 'outbox_events'::regclass));
  -- After the look: whatever those who are not in it have drawn is below.
  UPDATE outbox_moves m SET floor = (SELECT s.last_value FROM outbox_sequence s) WHERE m.id = move AND m.direction = 'out';
END $$;

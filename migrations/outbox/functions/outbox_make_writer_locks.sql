-- Revision 1.
-- Lock rows that are missing, made and so locked. Another transaction may be making the same one and stay open: that is not
-- waited for either. Returns those that are ours.
CREATE OR REPLACE FUNCTION outbox_make_writer_locks(p_aggregates uuid[]) RETURNS uuid[]
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

-- Revision 1.
-- A person decides that what follows this dead letter goes on without it. The dead letter stays one. Returns whether it held
-- anything back. Requeueing it ends the hold as well: then it runs first.
CREATE OR REPLACE FUNCTION outbox_release_hold(event uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  released uuid[];
BEGIN
  WITH gone AS (DELETE FROM outbox_holds d WHERE d.id = event RETURNING d.aggregate_id)
  SELECT array_agg(g.aggregate_id) INTO released FROM gone g;
  IF released IS NULL THEN RETURN false; END IF;
  PERFORM outbox_refresh_heads(released, NULL);
  RETURN true;
END $$;

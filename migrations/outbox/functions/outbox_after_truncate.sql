-- Revision 1.
-- As outbox_after_update: nothing is left.
CREATE OR REPLACE FUNCTION outbox_after_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  DELETE FROM outbox_heads;
  DELETE FROM outbox_holds;
  RETURN NULL;
END $$;

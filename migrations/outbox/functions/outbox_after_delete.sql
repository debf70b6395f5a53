-- Revision 1.
-- As outbox_after_update: the heads of aggregates whose rows are deleted.
CREATE OR REPLACE FUNCTION outbox_after_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  changed uuid[];
BEGIN
  DELETE FROM outbox_holds d USING old_rows o WHERE d.aggregate_id = o.aggregate_id AND d.id = o.id;
  SELECT array_agg(DISTINCT o.aggregate_id) INTO changed FROM old_rows o
  WHERE o.published_at IS NULL;
  IF changed IS NOT NULL THEN PERFORM outbox_refresh_heads(changed, NULL); END IF;
  RETURN NULL;
END $$;

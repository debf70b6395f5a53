-- Revision 1.
-- Marks what this person's inbox lists up to this id as read. Returns how many were not.
CREATE OR REPLACE FUNCTION nova_mark_read(recipient_id uuid, up_to_id bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  marked integer;
BEGIN
  UPDATE notifications n SET read_at = now()
  WHERE n.recipient_id = nova_mark_read.recipient_id AND n.in_app AND n.read_at IS NULL AND n.retracted_at IS NULL AND n.id <= up_to_id;
  GET DIAGNOSTICS marked = ROW_COUNT;
  RETURN marked;
END $$;

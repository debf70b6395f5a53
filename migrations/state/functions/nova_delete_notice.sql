-- Revision 1.
-- Takes one notice out of this person's inbox for good. Returns 0 when it is not there, or is not one of this person. The row
-- stays: a second try of the same event must find it, or it would be there again.
CREATE OR REPLACE FUNCTION nova_delete_notice(recipient_id uuid, notice_id bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  deleted integer;
BEGIN
  UPDATE notifications n SET in_app = false
  WHERE n.recipient_id = nova_delete_notice.recipient_id AND n.id = notice_id AND n.in_app AND n.retracted_at IS NULL;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;
END $$;

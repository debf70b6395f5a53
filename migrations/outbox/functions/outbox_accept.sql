-- Revision 1.
-- The other outbox refuses the domains and has no open writer: rows are taken here from now on, above every sequence that it has given. They
-- are not claimed before outbox_open. p_above: the last sequence of the other outbox.
CREATE OR REPLACE FUNCTION outbox_accept(move uuid, p_above bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  -- Other writers may draw at this moment: what they draw stays far below.
  least_sequence bigint := (p_above / 1000000 + 2) * 1000000;
BEGIN
  IF (SELECT s.last_value FROM outbox_sequence s) < least_sequence THEN PERFORM setval('outbox_sequence', least_sequence); END IF;
  UPDATE outbox_moves m SET accepted_at = clock_timestamp(), floor = (SELECT s.last_value FROM outbox_sequence s)
  WHERE m.id = move AND m.direction = 'in' AND m.accepted_at IS NULL AND m.cancelled_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('move %s is not expected here, or was accepted before', move);
  END IF;
  PERFORM outbox_mark_moves();
END $$;

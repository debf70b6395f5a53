-- Revision 1.
-- Takes back what outbox_expect or outbox_hand_over did here; of outbox_hand_over only after the other side was asked, or was never to accept.
-- Not after outbox_accept: from then on there are rows. `again`: the domains stay expected, by a move of this id. Returns whether there was
-- something to take back.
CREATE OR REPLACE FUNCTION outbox_cancel_move(move uuid, again uuid DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  cancelled outbox_moves;
BEGIN
  UPDATE outbox_moves m SET cancelled_at = clock_timestamp() WHERE m.id = move AND m.accepted_at IS NULL AND m.cancelled_at IS NULL RETURNING * INTO cancelled;
  IF NOT FOUND THEN RETURN false; END IF;
  IF again IS NOT NULL AND cancelled.direction = 'in' THEN PERFORM outbox_expect(again, cancelled.other, cancelled.domains); END IF;
  PERFORM outbox_mark_moves();
  RETURN true;
END $$;

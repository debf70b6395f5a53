-- Revision 1.
-- Refuses rows of these domains from its commit on. outbox_note_switch follows, in a transaction of its own.
CREATE OR REPLACE FUNCTION outbox_hand_over(move uuid, to_outbox text, wanted text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  taken record;
BEGIN
  LOCK TABLE outbox_moves IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM outbox_moves m WHERE m.id = move AND m.direction = 'out' AND m.cancelled_at IS NULL) THEN RETURN; END IF;
  SELECT m.other, m.direction INTO taken FROM outbox_moves m
  WHERE m.cancelled_at IS NULL AND m.direction = 'in' AND m.ended_at IS NULL AND m.domains && wanted LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('events of these domains still wait for the outbox %s, from which they came', taken.other);
  END IF;
  SELECT t.event_type, t.moves_with INTO taken FROM outbox_event_types t WHERE t.domain = ANY (wanted) AND t.moving = 'gone' LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('%s is written in the outbox %s by now', taken.event_type, taken.moves_with);
  END IF;
  INSERT INTO outbox_moves (id, direction, other, domains, number)
  VALUES (move, 'out', to_outbox, wanted, 1 + greatest((SELECT max(m.number) FROM outbox_moves m), (SELECT s.last_value FROM outbox_switches s)))
  -- It was taken back before.
  ON CONFLICT (id, direction) DO UPDATE SET number = excluded.number, begun_at = excluded.begun_at, floor = NULL, cancelled_at = NULL;
  PERFORM outbox_mark_moves();
END $$;

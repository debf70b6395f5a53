-- Revision 1.
-- Bridges may claim what has come by this move, except for aggregates with earlier events in the other outbox that are not on Kafka
-- yet: each of those waits alone, until outbox_let_go. p_events, p_sequences: of each, one of these earlier events.
CREATE OR REPLACE FUNCTION outbox_open(move uuid, p_aggregates uuid[], p_events uuid[], p_sequences bigint[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  from_outbox text;
BEGIN
  SELECT m.other INTO from_outbox FROM outbox_moves m
  WHERE m.id = move AND m.direction = 'in' AND m.accepted_at IS NOT NULL AND m.opened_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO outbox_holds (aggregate_id, id, sequence, waits_for)
  SELECT w.aggregate_id, w.id, w.sequence, from_outbox FROM unnest(p_aggregates, p_events, p_sequences) AS w (aggregate_id, id, sequence)
  ON CONFLICT DO NOTHING;
  PERFORM outbox_refresh_heads(p_aggregates, NULL);
  UPDATE outbox_moves m SET opened_at = clock_timestamp() WHERE m.id = move AND m.direction = 'in';
  PERFORM outbox_mark_moves();
  RETURN true;
END $$;

-- Revision 1.
-- The earlier events of these aggregates in the other outbox are on Kafka or given up: what came by the move goes on. Returns how many
-- aggregates wait for that outbox still; with none the move has ended.
CREATE OR REPLACE FUNCTION outbox_let_go(move uuid, p_aggregates uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  from_outbox text;
  waiting bigint;
BEGIN
  SELECT m.other INTO from_outbox FROM outbox_moves m WHERE m.id = move AND m.direction = 'in' AND m.opened_at IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  DELETE FROM outbox_holds d WHERE d.aggregate_id = ANY (p_aggregates) AND d.waits_for = from_outbox;
  IF FOUND THEN PERFORM outbox_refresh_heads(p_aggregates, NULL); END IF;
  SELECT count(*) INTO waiting FROM outbox_holds d WHERE d.waits_for = from_outbox;
  IF waiting = 0 THEN
    UPDATE outbox_moves m SET ended_at = clock_timestamp() WHERE m.id = move AND m.direction = 'in' AND m.ended_at IS NULL;
  END IF;
  RETURN waiting;
END $$;

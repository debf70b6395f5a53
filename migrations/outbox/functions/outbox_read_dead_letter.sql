-- Revision 1.
-- The payload of one dead letter, for the person who corrects it: content of people, which an operator may not read otherwise. Each reading
-- is an act. Null: there is no such dead letter.
CREATE OR REPLACE FUNCTION outbox_read_dead_letter(event uuid, p_sequence bigint, p_act jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  found_payload jsonb;
BEGIN
  SELECT o.payload INTO found_payload FROM outbox_events o
  WHERE o.id = event AND o.sequence = p_sequence AND o.dead_lettered_at IS NOT NULL;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM outbox_write_act(p_act, 'dead-letters read', 1, ARRAY[event::text], '{}');
  RETURN found_payload;
END $$;

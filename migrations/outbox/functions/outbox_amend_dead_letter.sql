-- Revision 1.
-- Corrects the payload of a dead letter that was never started; nothing else of a row can be changed. p_was: the SHA-256 of the payload that
-- its person has seen, so that of two corrections one is refused. Returns whether it was changed.
CREATE OR REPLACE FUNCTION outbox_amend_dead_letter(event uuid, p_sequence bigint, p_was text, p_payload jsonb, p_act jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE outbox_events o SET payload = p_payload
  WHERE o.id = event AND o.sequence = p_sequence AND o.dead_lettered_at IS NOT NULL AND o.published_at IS NULL
    AND encode(sha256(convert_to(o.payload::text, 'UTF8')), 'hex') = p_was;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM outbox_write_act(p_act, 'dead-letters amend', 1, ARRAY[event::text], jsonb_build_object(
    'sequence', p_sequence, 'was', p_was, 'is', encode(sha256(convert_to(p_payload::text, 'UTF8')), 'hex')));
  RETURN true;
END $$;

-- Revision 1.
-- Takes dead letters out for good: the trigger lets go on what they held back. What is known of each but its payload stays in the act, by
-- which the audit explains that a run or a message has no row. Returns the ids that were taken out.
CREATE OR REPLACE FUNCTION outbox_discard_dead_letters(p_events uuid[], p_sequences bigint[], p_act jsonb) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  gone  uuid[];
  known jsonb;
BEGIN
  WITH deleted AS (
    DELETE FROM outbox_events o USING unnest(p_events, p_sequences) AS given (id, sequence)
    WHERE o.id = given.id AND o.sequence = given.sequence AND o.id = ANY (p_events) AND o.dead_lettered_at IS NOT NULL
    RETURNING o.*
  )
  SELECT array_agg(d.id), jsonb_object_agg(d.id, jsonb_build_object(
    'type', d.event_type, 'aggregate', d.aggregate_id, 'sequence', d.sequence, 'written', d.created_at, 'started', d.published_at,
    'why', left(d.last_error, 500), 'payload', encode(sha256(convert_to(d.payload::text, 'UTF8')), 'hex')))
  INTO gone, known FROM deleted d;
  IF gone IS NULL THEN RETURN; END IF;
  PERFORM outbox_write_act(p_act, 'dead-letters discard', cardinality(gone), gone::text[], jsonb_build_object('discarded', known));
  RETURN QUERY SELECT unnest(gone);
END $$;

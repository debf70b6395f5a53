-- Revision 1.
-- Kafka has lost what it acknowledged: the next p_limit rows that were emitted within the time are not emitted any more, in the order in which
-- they were, and a run sends each again. What is written to the aggregate later waits for them. Returns how many there were.
CREATE OR REPLACE FUNCTION outbox_emit_again(
  p_from timestamptz, p_to timestamptz, p_types text[], p_limit integer, p_act jsonb
) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  again uuid[];
BEGIN
  WITH chosen AS MATERIALIZED (
    SELECT id, created_at FROM outbox_events
    WHERE emitted_at >= p_from AND emitted_at < p_to AND emitted_at IS NOT NULL AND published_at IS NOT NULL
      AND (p_types IS NULL OR event_type = ANY (p_types))
    ORDER BY emitted_at, id LIMIT least(p_limit, 1000)
  ), changed AS (
    UPDATE outbox_events o SET emitted_at = NULL FROM chosen c WHERE o.id = c.id AND o.created_at = c.created_at
    RETURNING o.id
  )
  SELECT array_agg(id) INTO again FROM changed;
  IF again IS NULL THEN RETURN 0; END IF;
  PERFORM outbox_write_act(p_act, 'emit-again', cardinality(again), again::text[], jsonb_build_object('from', p_from, 'to', p_to));
  RETURN cardinality(again);
END $$;

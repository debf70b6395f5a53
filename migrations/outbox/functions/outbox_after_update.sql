-- Revision 1.
-- Every change of rows, by whichever process and statement: bridges of this release and the one before, commands, an operator's SQL.
CREATE OR REPLACE FUNCTION outbox_after_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  changed uuid[];
  floors  bigint[];
BEGIN
  -- The claim puts to sleep what it leases.
  IF current_setting('nova.claiming', true) = 'on' THEN RETURN NULL; END IF;
  WITH was AS (
    SELECT o.aggregate_id, o.id, o.sequence, o.published_at IS NULL AS unpublished, o.dead_lettered_at IS NULL AS alive,
           p.lease_until, p.next_attempt_at, p.priority, p.event_type, p.unfinished_claims
    FROM old_rows o LEFT JOIN LATERAL (SELECT o.* WHERE o.published_at IS NULL AND o.dead_lettered_at IS NULL) p ON true
  ), is_now AS (
    SELECT o.aggregate_id, o.id, o.sequence, o.published_at IS NULL AS unpublished, o.dead_lettered_at IS NULL AS alive,
           p.lease_until, p.next_attempt_at, p.priority, p.event_type, p.unfinished_claims
    FROM new_rows o LEFT JOIN LATERAL (SELECT o.* WHERE o.published_at IS NULL AND o.dead_lettered_at IS NULL) p ON true
  ), differs AS (
    SELECT c.aggregate_id, min(c.sequence) FILTER (WHERE c.unpublished AND c.alive) AS floor
    FROM ((TABLE was EXCEPT TABLE is_now) UNION ALL (TABLE is_now EXCEPT TABLE was)) c GROUP BY c.aggregate_id
  )
  SELECT array_agg(d.aggregate_id), array_agg(d.floor) INTO changed, floors FROM differs d;
  IF changed IS NULL THEN RETURN NULL; END IF;
  DELETE FROM outbox_holds d USING new_rows o
  WHERE d.aggregate_id = o.aggregate_id AND d.id = o.id AND (o.dead_lettered_at IS NULL OR o.published_at IS NOT NULL);
  INSERT INTO outbox_holds (aggregate_id, id, sequence)
  SELECT o.aggregate_id, o.id, o.sequence
  FROM new_rows o JOIN old_rows w ON w.id = o.id AND w.created_at = o.created_at
  JOIN outbox_event_types t ON t.spelling = o.event_type AND t.after_dead_letter = 'hold'
  WHERE o.dead_lettered_at IS NOT NULL AND o.published_at IS NULL AND w.dead_lettered_at IS NULL
  ON CONFLICT DO NOTHING;
  PERFORM outbox_refresh_heads(changed, floors);
  RETURN NULL;
END $$;

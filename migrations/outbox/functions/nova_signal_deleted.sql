-- Revision 3.
-- What signalDeleted() calls: a service may announce a delete, and read or write nothing else of ours. The subject is held back from
-- when this is committed, where State is in the same schema; else from when a bridge has brought the signal to State. Returns the newest
-- started workflows of the aggregate, which may be running.
CREATE OR REPLACE FUNCTION nova_signal_deleted(
  p_subject_type text, p_subject_id text, p_aggregate uuid, p_hold_ms integer, p_reason text
) RETURNS TABLE (workflow_id uuid) LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  owning text := CASE p_subject_type WHEN 'post' THEN 'content' WHEN 'message' THEN 'message' WHEN 'user' THEN 'identity' END;
  refusal text;
BEGIN
  IF owning IS NULL THEN
    RAISE EXCEPTION 'nova_signal_deleted: subject type % is none of post, message, user', p_subject_type;
  END IF;
  IF EXISTS (SELECT FROM outbox_event_types t WHERE t.domain = owning AND NOT t.allowed) THEN
    refusal := nova_refuse('DOMAIN_NOT_ALLOWED', format('a %s is deleted by the service that owns it, and this database is another''s '
      '(`domains` in OUTBOXES has no %s)', p_subject_type, owning));
  END IF;
  INSERT INTO outbox_signals AS s (subject_type, subject_id, held_until, reason)
  VALUES (p_subject_type, lower(p_subject_id), clock_timestamp() + least(p_hold_ms, 3600000) * interval '1 millisecond', p_reason)
  ON CONFLICT (subject_type, subject_id) DO UPDATE
    SET held_until = excluded.held_until, reason = excluded.reason, signalled_at = excluded.signalled_at, copied_at = NULL;
  RETURN QUERY SELECT o.id FROM outbox_events o
    WHERE o.aggregate_id = p_aggregate AND o.published_at IS NOT NULL ORDER BY o.sequence DESC LIMIT 50;
END $$;

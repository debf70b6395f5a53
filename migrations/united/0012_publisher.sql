-- What a writer of events needs besides its INSERT.

-- What became of an event, for the service that wrote it: it may not read the outbox. No payload, and nothing of other
-- events. No row: it was never committed here, or its partition is gone. Two rows: its id was written twice.
--
--   state          pending → started → on_kafka, or dead_lettered
--   reason         of a dead letter: failure code (docs/failures.md), a colon and detail; of a pending row that failed
--                  before: the code
CREATE FUNCTION nova_event_state(event uuid) RETURNS TABLE (
  event_id uuid, event_type text, state text, reason text, created_at timestamptz, started_at timestamptz,
  on_kafka_at timestamptz, dead_lettered_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT o.id, o.event_type,
    CASE WHEN o.dead_lettered_at IS NOT NULL THEN 'dead_lettered' WHEN o.emitted_at IS NOT NULL THEN 'on_kafka'
         WHEN o.published_at IS NOT NULL THEN 'started' ELSE 'pending' END,
    CASE WHEN o.dead_lettered_at IS NOT NULL THEN o.last_error ELSE split_part(o.last_error, ':', 1) END,
    o.created_at, o.published_at, o.emitted_at, o.dead_lettered_at
  FROM outbox_events o WHERE o.id = event ORDER BY o.created_at
$$;

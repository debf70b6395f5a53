-- Revision 1.
-- Brings the event types in line with outbox_moves: of each domain the newest move counts.
CREATE OR REPLACE FUNCTION outbox_mark_moves() RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
  WITH newest AS (
    SELECT DISTINCT ON (d.domain) d.domain, m.other,
      CASE WHEN m.direction = 'out' THEN 'gone' WHEN m.accepted_at IS NULL THEN 'expected' WHEN m.opened_at IS NULL THEN 'closed' END AS moving
    FROM outbox_moves m CROSS JOIN LATERAL unnest(m.domains) AS d (domain)
    WHERE m.cancelled_at IS NULL ORDER BY d.domain, m.begun_at DESC
  ), is_now AS (
    SELECT t.spelling, n.moving, CASE WHEN n.moving IS NOT NULL THEN n.other END AS moves_with
    FROM outbox_event_types t LEFT JOIN newest n ON n.domain = t.domain
  )
  UPDATE outbox_event_types t SET moving = i.moving, moves_with = i.moves_with
  FROM is_now i WHERE i.spelling = t.spelling AND (t.moving, t.moves_with) IS DISTINCT FROM (i.moving, i.moves_with)
$$;

-- Revision 2.
-- Repairs the heads of aggregates that have a pending row and no head, or one behind it, 10,000 at most: so many take a second
-- or two, and a client waits for a statement no longer than 15 s. Returns how many there were; with 10,000, call it again. None,
-- unless rows came past the triggers (a partition put back, a restore without triggers, an UPDATE that names a partition).
-- A session keeps the plan of its first call. One made while there are no heads is a nested loop over the whole table, which does
-- not end when there are many: so none is allowed, and tables are hashed once, whatever their size.
CREATE OR REPLACE FUNCTION outbox_repair_heads() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET enable_nestloop = off SET search_path FROM CURRENT AS $$
DECLARE
  wrong  uuid[];
  floors bigint[];
BEGIN
  SELECT array_agg(w.aggregate_id), array_agg(w.floor) INTO wrong, floors FROM (
    SELECT o.aggregate_id, min(o.sequence) AS floor FROM outbox_events o
    LEFT JOIN outbox_heads h ON h.aggregate_id = o.aggregate_id
    WHERE o.published_at IS NULL AND o.dead_lettered_at IS NULL AND (h.aggregate_id IS NULL OR o.sequence < h.sequence)
    GROUP BY o.aggregate_id
    LIMIT 10000
  ) w;
  IF wrong IS NULL THEN RETURN 0; END IF;
  PERFORM outbox_refresh_heads(wrong, floors);
  RETURN cardinality(wrong);
END $$;

-- Revision 1.
-- The highest sequence that an event of a follow can have by now, where its outbox is in the same schema; 0 where it is not: another
-- service's outbox may be here, and its sequences say nothing of follows.
CREATE OR REPLACE FUNCTION newest_follow_event() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  newest bigint;
BEGIN
  IF to_regclass('outbox_sequence') IS NOT NULL THEN
    EXECUTE $query$SELECT last_value FROM outbox_sequence WHERE EXISTS (
      SELECT FROM outbox_event_types WHERE domain = 'social' AND allowed)$query$ INTO newest;
  END IF;
  RETURN coalesce(newest, 0);
END $$;

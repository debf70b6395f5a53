-- Revision 3.
-- As follow_ended_by_hand.
CREATE OR REPLACE FUNCTION follow_begun_by_hand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  latest bigint;
BEGIN
  IF current_setting('nova.follow_by_event', true) = 'on' THEN RETURN NULL; END IF;
  latest := newest_follow_event();
  -- Only pairs that ended lately have an event that could come too late.
  UPDATE follow_changes c SET sequence = greatest(c.sequence, latest), following = true, changed_at = clock_timestamp()
  FROM begun b WHERE c.followee_id = b.followee_id AND c.follower_id = b.follower_id;
  RETURN NULL;
END $$;

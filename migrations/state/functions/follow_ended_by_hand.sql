-- Revision 3.
-- A service that writes `follows` itself has the last word. Where the outbox of follows is in the same schema, what the service ends is newer than
-- every event written so far: a follow.added that comes late does not bring it back, and what it begins again no late follow.removed ends. Where
-- it is not, the change is as new as the newest event of the pair that took effect: one that was written before and comes late wins.
CREATE OR REPLACE FUNCTION follow_ended_by_hand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  latest bigint;
BEGIN
  IF current_setting('nova.follow_by_event', true) = 'on' THEN RETURN NULL; END IF;
  latest := newest_follow_event();
  INSERT INTO follow_changes AS c (followee_id, follower_id, sequence, following)
  SELECT e.followee_id, e.follower_id, latest, false FROM ended e ORDER BY e.followee_id, e.follower_id
  ON CONFLICT (followee_id, follower_id) DO UPDATE
    SET sequence = greatest(c.sequence, excluded.sequence), following = false, changed_at = excluded.changed_at;
  RETURN NULL;
END $$;

-- Revision 1.
-- A service that writes `follows` itself has the last word: what it ends is newer than every event written so far, so that a
-- follow.added that comes late does not bring it back; and what it begins again no late follow.removed ends.
CREATE OR REPLACE FUNCTION follow_ended_by_hand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  latest bigint := (SELECT last_value FROM outbox_sequence);
BEGIN
  IF current_setting('nova.follow_by_event', true) = 'on' THEN RETURN NULL; END IF;
  INSERT INTO follow_changes AS c (followee_id, follower_id, sequence, following)
  SELECT e.followee_id, e.follower_id, latest, false FROM ended e ORDER BY e.followee_id, e.follower_id
  ON CONFLICT (followee_id, follower_id) DO UPDATE
    SET sequence = greatest(c.sequence, excluded.sequence), following = false, changed_at = excluded.changed_at;
  RETURN NULL;
END $$;

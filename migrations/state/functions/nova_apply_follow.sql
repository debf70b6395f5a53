-- Revision 1.
-- Brings `follows` in line with an event, unless a newer change is known. The row of follow_changes is locked first, so that two events
-- of one pair come one after the other. A service that writes `follows` itself locks in the other order, and must never be the one that a
-- deadlock ends: the wait here is shorter than deadlock_timeout (1 s). The caller tries again.
CREATE OR REPLACE FUNCTION nova_apply_follow(p_followee uuid, p_follower uuid, p_sequence bigint, p_following boolean) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
BEGIN
  INSERT INTO follow_changes AS c (followee_id, follower_id, sequence, following)
  VALUES (p_followee, p_follower, p_sequence, p_following)
  ON CONFLICT (followee_id, follower_id) DO UPDATE
    SET sequence = excluded.sequence, following = excluded.following, changed_at = excluded.changed_at
    WHERE c.sequence < excluded.sequence;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM set_config('nova.follow_by_event', 'on', true);
  IF p_following THEN
    INSERT INTO follows (followee_id, follower_id) VALUES (p_followee, p_follower) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM follows WHERE followee_id = p_followee AND follower_id = p_follower;
  END IF;
  PERFORM set_config('nova.follow_by_event', '', true);
  RETURN true;
END $$;

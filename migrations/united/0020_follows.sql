-- follow.added makes somebody a follower, follow.removed ends it (docs/decisions/0018-follows-from-events.md). Everything here is
-- added: workers of the version before read `follows` as they did, and write nothing.

-- Of each pair that changed lately, the newest change that `follows` shows. An event with a lower sequence comes too late.
CREATE TABLE follow_changes (
  followee_id uuid NOT NULL,
  follower_id uuid NOT NULL,
  sequence    bigint NOT NULL,
  following   boolean NOT NULL,
  changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (followee_id, follower_id)
);
CREATE INDEX idx_follow_changes_age ON follow_changes (changed_at);
COMMENT ON TABLE follow_changes IS 'The newest change of each follow, by event or by hand; kept by nova_apply_follow and by triggers of follows.';

-- Brings `follows` in line with an event, unless a newer change is known. The row of follow_changes is locked first, so that two events
-- of one pair come one after the other. A service that writes `follows` itself locks in the other order, and must never be the one that a
-- deadlock ends: the wait here is shorter than deadlock_timeout (1 s). The caller tries again.
CREATE FUNCTION nova_apply_follow(p_followee uuid, p_follower uuid, p_sequence bigint, p_following boolean) RETURNS boolean
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

-- A service that writes `follows` itself has the last word: what it ends is newer than every event written so far, so that a
-- follow.added that comes late does not bring it back; and what it begins again no late follow.removed ends.
CREATE FUNCTION follow_ended_by_hand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
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
CREATE FUNCTION follow_begun_by_hand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  latest bigint := (SELECT last_value FROM outbox_sequence);
BEGIN
  IF current_setting('nova.follow_by_event', true) = 'on' THEN RETURN NULL; END IF;
  -- Only pairs that ended lately have an event that could come too late.
  UPDATE follow_changes c SET sequence = greatest(c.sequence, latest), following = true, changed_at = clock_timestamp()
  FROM begun b WHERE c.followee_id = b.followee_id AND c.follower_id = b.follower_id;
  RETURN NULL;
END $$;
CREATE TRIGGER follow_ended_by_hand AFTER DELETE ON follows REFERENCING OLD TABLE AS ended
  FOR EACH STATEMENT EXECUTE FUNCTION follow_ended_by_hand();
CREATE TRIGGER follow_begun_by_hand AFTER INSERT ON follows REFERENCING NEW TABLE AS begun
  FOR EACH STATEMENT EXECUTE FUNCTION follow_begun_by_hand();

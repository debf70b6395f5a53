-- Deletes that a service signals ahead of their event, uploads that name a post, follows taken back, and how many messages
-- one person may cause another (docs/decisions/0014-held-not-deleted.md). Everything here is added, so that processes of
-- the version before go on working. On a large database make the indexes by hand before, CONCURRENTLY: what is there stays.

-- A signalled delete is not a delete: its transaction may roll back. Until this instant nothing of the subject goes out;
-- what waited goes on afterwards, unless the delete's event has come.
ALTER TABLE tombstones ADD COLUMN IF NOT EXISTS held_until timestamptz;
COMMENT ON COLUMN tombstones.held_until IS 'A service signalled the delete: nothing of the subject goes out until then. Null: no signal.';
CREATE INDEX IF NOT EXISTS idx_tombstones_held ON tombstones (held_until) WHERE held_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_tombstones_lapsing ON tombstones (created_at)
  WHERE subject_type IN ('reaction', 'follow') AND NOT final AND sequence IS NOT NULL;

-- Whether a tombstone row holds its subject now. No hold is longer than an hour: a clock that is set back must not make one.
CREATE FUNCTION tombstone_holds(held_until timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(held_until > clock_timestamp() AND held_until <= clock_timestamp() + interval '1 hour', false)
$$;

-- What signalDeleted() calls: a service may announce a delete, and read or write nothing else of ours. Holds the subject back
-- from when this is committed; returns the newest started workflows of the aggregate, which may be running.
CREATE FUNCTION nova_signal_deleted(
  p_subject_type text, p_subject_id text, p_aggregate uuid, p_hold_ms integer, p_reason text
) RETURNS TABLE (workflow_id uuid) LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF p_subject_type NOT IN ('post', 'message', 'user') THEN
    RAISE EXCEPTION 'nova_signal_deleted: subject type % is none of post, message, user', p_subject_type;
  END IF;
  INSERT INTO tombstones AS t (subject_type, subject_id, sequence, final, reason, held_until)
  VALUES (p_subject_type, lower(p_subject_id), NULL, false, p_reason,
          clock_timestamp() + least(p_hold_ms, 3600000) * interval '1 millisecond')
  ON CONFLICT (subject_type, subject_id) DO UPDATE SET held_until = excluded.held_until WHERE NOT t.final;
  RETURN QUERY SELECT o.id FROM outbox_events o
    WHERE o.aggregate_id = p_aggregate AND o.published_at IS NOT NULL ORDER BY o.sequence DESC LIMIT 50;
END $$;

-- Services with the client library of the version before signal by `sequence = NULL, final = true`, which was for good.
CREATE FUNCTION tombstone_of_signal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.final := false;
  NEW.held_until := clock_timestamp() + interval '5 minutes';
  RETURN NEW;
END $$;
CREATE TRIGGER tombstone_of_signal BEFORE INSERT OR UPDATE ON tombstones
  FOR EACH ROW WHEN (NEW.final AND NEW.sequence IS NULL) EXECUTE FUNCTION tombstone_of_signal();
-- Those of the version before whose event never came: held back for good, they are let go.
UPDATE tombstones SET final = true WHERE final AND sequence IS NULL;

-- The post an upload names, while its author is unknown: nothing else may claim the upload.
ALTER TABLE parked_media ADD COLUMN IF NOT EXISTS for_post uuid;
CREATE INDEX IF NOT EXISTS idx_parked_media_for_post ON parked_media (for_post) WHERE for_post IS NOT NULL AND state <> 'linked';

-- A follow that ended takes back its one notice.
CREATE INDEX IF NOT EXISTS idx_notifications_follow ON notifications (actor_id, recipient_id)
  WHERE kind = 'follow.received' AND retracted_at IS NULL;

-- How many messages one person has caused another on a channel, in a window that begins with the first.
CREATE TABLE IF NOT EXISTS send_allowances (
  actor_id     uuid NOT NULL,
  recipient_id uuid NOT NULL,
  channel      text NOT NULL,
  window_began timestamptz NOT NULL,
  used         integer NOT NULL,
  PRIMARY KEY (actor_id, recipient_id, channel)
);
CREATE INDEX IF NOT EXISTS idx_send_allowances_age ON send_allowances (window_began);

-- What people see of messages that were not sent.
CREATE INDEX IF NOT EXISTS idx_deliveries_skipped ON notification_deliveries (created_at)
  WHERE state = 'skipped' AND channel <> 'in_app';

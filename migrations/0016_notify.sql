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

-- True while a service has signalled the delete of the post or of its author. Readers hide the post; nothing is taken back.
CREATE FUNCTION post_is_held(post uuid, author uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM tombstones
                 WHERE subject_type = 'post' AND subject_id = post::text AND tombstone_holds(held_until))
      OR EXISTS (SELECT FROM tombstones
                 WHERE subject_type = 'user' AND subject_id = author::text AND tombstone_holds(held_until))
$$;

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

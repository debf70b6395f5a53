-- Effects learn what they need of other services from events, and keep it here; they read no other service's outbox and compare
-- no sequences of different services (docs/decisions/0020-facts-between-services.md). Everything here is added.

-- How far each outbox is. Bridges write it, workers ask it whether an unknown owner may still become known. A few rows of the
-- last minutes: an event is on Kafka while its effects may still be tried again, so a mark counts when it has been there for a while.
CREATE TABLE outbox_progress (
  outbox       text NOT NULL,
  content_type text NOT NULL,
  reported_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_before  timestamptz NOT NULL,
  PRIMARY KEY (outbox, content_type, reported_at)
);
COMMENT ON TABLE outbox_progress IS 'How far each outbox is, by the type of content that its events create; written by its bridges.';
COMMENT ON COLUMN outbox_progress.done_before IS
  'Every event of the outbox that creates such content and was written before this is on Kafka or was given up.';

-- Notices about a post that is archived now, and about its comments, are not listed as long as it is: other services wrote their
-- events, so nothing says which of them were before the archiving. OFFSET 0: a probe per notice, never a scan of the tombstones.
-- A signalled delete alone has no sequence, and any text for an id.
CREATE OR REPLACE VIEW nova_inbox AS
  SELECT n.recipient_id, n.id, n.event_id, n.kind, n.actor_id, n.subject_type, n.subject_id, n.item_type, n.item_id, n.created_at,
         n.read_at IS NOT NULL AS read, n.read_at
  FROM notifications n
  WHERE n.in_app AND n.retracted_at IS NULL
    AND NOT EXISTS (SELECT FROM user_profiles u WHERE u.user_id = n.actor_id AND u.state <> 'active')
    AND NOT EXISTS (
      SELECT FROM tombstones t
      WHERE t.subject_type = 'post' AND NOT t.final AND t.sequence IS NOT NULL
        AND t.subject_id = CASE n.subject_type
          WHEN 'post' THEN n.subject_id
          WHEN 'comment' THEN (SELECT o.post_id::text FROM content_owners o
                               WHERE o.content_type = 'comment' AND o.content_id = n.subject_id::uuid) END
        AND NOT EXISTS (SELECT FROM post_states p
                        WHERE p.post_id = CASE WHEN t.sequence IS NOT NULL THEN t.subject_id::uuid END AND p.sequence > t.sequence OFFSET 0)
      OFFSET 0);

-- Logins that were given the inbox by hand read it through the view from now on.
DO $$
DECLARE
  grantee regrole;
BEGIN
  FOR grantee IN
    SELECT DISTINCT a.grantee::regrole FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.oid = 'notifications'::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> 0 AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('GRANT SELECT ON nova_inbox TO %s', grantee);
  END LOOP;
END $$;

-- What operators do, and what the audit needs to outlive it (docs/decisions/0015-operators.md).

-- The order of writing: times are no order when the clock of the database is set back.
ALTER TABLE audit_runs ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY;

-- Why a person has ended a finding.
ALTER TABLE audit_findings ADD COLUMN acknowledged_because text;

-- Further runs of an event that a person asked for. Written before the start, so that the same number is used again after a
-- crash in between: the workflow id is <event_id>/replay-<number>.
CREATE TABLE event_replays (
  event_id     uuid NOT NULL,
  number       integer NOT NULL CHECK (number > 0),
  reason       text,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at   timestamptz,             -- null: not known to have been started
  PRIMARY KEY (event_id, number)
);

-- What expires by age (docs/growth.md). On a large database make them by hand before migrating, CONCURRENTLY.
CREATE INDEX IF NOT EXISTS idx_notifications_read_age ON notifications (read_at)
  WHERE read_at IS NOT NULL AND in_app AND retracted_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_parked_media_unclaimed_age ON parked_media (parked_at) WHERE state = 'unclaimed';
CREATE INDEX IF NOT EXISTS idx_tombstones_final_age ON tombstones (created_at)
  WHERE subject_type IN ('post', 'message', 'comment') AND final;
CREATE INDEX IF NOT EXISTS idx_deliveries_unfinished_age ON notification_deliveries (created_at) WHERE state IN ('pending', 'claimed');

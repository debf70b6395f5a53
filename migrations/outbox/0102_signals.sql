-- Deletes that the service has signalled by nova_signal_deleted. A bridge brings each to State, where it holds back what workflows do
-- for its subject. One row per subject: a later signal replaces the earlier one.
CREATE TABLE outbox_signals (
  subject_type text NOT NULL,
  subject_id   text NOT NULL,
  held_until   timestamptz NOT NULL,
  reason       text NOT NULL,
  signalled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  copied_at    timestamptz,
  PRIMARY KEY (subject_type, subject_id)
);
COMMENT ON TABLE outbox_signals IS 'Signalled deletes on their way to State. Deleted an hour after they have lapsed.';
COMMENT ON COLUMN outbox_signals.copied_at IS 'State has it. Null: a bridge is to bring it there.';
CREATE INDEX idx_outbox_signals_new ON outbox_signals (signalled_at) WHERE copied_at IS NULL;
CREATE INDEX idx_outbox_signals_age ON outbox_signals (held_until);

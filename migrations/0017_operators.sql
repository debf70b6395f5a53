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

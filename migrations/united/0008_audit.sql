-- What the audit keeps: one row per audit, one per finding. Both are trimmed by the audit itself.

CREATE TABLE audit_runs (
  audit_id     text PRIMARY KEY,        -- id of the workflow run, or a UUID for one that a person asked for
  origin       text NOT NULL CHECK (origin IN ('schedule', 'demand')),
  window_from  timestamptz NOT NULL,
  window_to    timestamptz NOT NULL,
  records_to   timestamptz,             -- Kafka is compared up to here; null: Kafka was not read
  rows_seen    bigint NOT NULL,
  runs_seen    bigint NOT NULL,
  records_seen bigint NOT NULL,
  counts       jsonb NOT NULL,          -- kind → how many (contracts/audit-kinds.ts)
  unexplained  integer NOT NULL,
  notes        jsonb NOT NULL,          -- what could not be examined, and why
  took_ms      integer NOT NULL,
  ended_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idx_audit_runs_ended ON audit_runs (ended_at);

CREATE TABLE audit_findings (
  event_id        text NOT NULL,        -- or the id of a run that is nobody's
  kind            text NOT NULL,
  detail          text NOT NULL,        -- ids, states and times; never content
  first_seen      timestamptz NOT NULL,
  last_seen       timestamptz NOT NULL,
  resolved_at     timestamptz,          -- an audit looked again and it was gone
  acknowledged_at timestamptz,          -- a person has explained it: not counted any more
  PRIMARY KEY (event_id, kind)
);
CREATE INDEX idx_audit_findings_open ON audit_findings (kind) WHERE resolved_at IS NULL AND acknowledged_at IS NULL;
CREATE INDEX idx_audit_findings_closed ON audit_findings (last_seen) WHERE resolved_at IS NOT NULL OR acknowledged_at IS NOT NULL;

-- The audit walks rows by when they were marked. Partial: the business transaction's insert pays nothing for them.
CREATE INDEX idx_outbox_published ON outbox_events (published_at, id) WHERE published_at IS NOT NULL;
CREATE INDEX idx_outbox_emitted ON outbox_events (emitted_at, id) WHERE emitted_at IS NOT NULL;

-- Up to where the scheduled audit has compared each outbox. One that could not be read keeps what it had, and is compared from
-- there when it is back; the others are not compared again.
CREATE TABLE audit_outboxes (
  outbox text PRIMARY KEY,
  window_to timestamptz NOT NULL,
  records_to timestamptz
);
COMMENT ON TABLE audit_outboxes IS 'Up to where the scheduled audit has compared each outbox, by the clock of its database.';
COMMENT ON COLUMN audit_outboxes.records_to IS 'The same with Kafka; earlier when that was away.';

ALTER TABLE audit_findings ADD COLUMN outbox text;
COMMENT ON COLUMN audit_findings.outbox IS 'Of whose event it is. Null: not known, or of no event.';

-- The outbox of one service. The service inserts a row in its own transaction; a bridge turns each row into one workflow start.
-- A plain INSERT of id, aggregate_id, event_type and payload is enough, from any language.

-- Rises with every row. Drawn under the aggregate's lock (outbox_before_insert), so within one aggregate it is commit order.
CREATE SEQUENCE outbox_sequence;

-- The catalogue of event types, under every accepted spelling. Written by `npm run migrate`; never by hand.
CREATE TABLE outbox_event_types (
  spelling          text PRIMARY KEY,
  event_type        text NOT NULL,
  aggregate_type    text NOT NULL,
  priority          smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
  schema_version    integer NOT NULL,
  -- What follows a dead letter of this type waits for it, or goes on.
  after_dead_letter text NOT NULL DEFAULT 'continue' CHECK (after_dead_letter IN ('continue', 'hold')),
  -- What nova_publish checks an event by.
  newest_version    integer,
  key_field         text,
  aggregate_is_key  boolean NOT NULL DEFAULT false,
  max_payload_bytes integer NOT NULL DEFAULT 786432,
  payload_schema    jsonb
);

CREATE TABLE outbox_events (
  id                uuid NOT NULL,
  aggregate_id      uuid NOT NULL,
  event_type        text NOT NULL,
  payload           jsonb NOT NULL,
  created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  published_at      timestamptz,
  retry_count       integer NOT NULL DEFAULT 0,
  last_error        text,
  -- The trigger fills what the writer leaves out.
  aggregate_type    text NOT NULL,
  priority          smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
  schema_version    integer NOT NULL,
  sequence          bigint NOT NULL,
  traceparent       text,
  -- The bridge's bookkeeping.
  next_attempt_at   timestamptz NOT NULL DEFAULT '-infinity',
  first_attempt_at  timestamptz,
  claim_count       integer NOT NULL DEFAULT 0,
  lease_token       uuid,
  lease_until       timestamptz,
  dead_lettered_at  timestamptz,
  -- The Kafka emitter's bookkeeping.
  emitted_at        timestamptz,
  unfinished_claims integer NOT NULL DEFAULT 0,
  -- On a table partitioned by created_at a key on id alone is impossible; the workflow id holds the uniqueness of id.
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
-- NOT VALID as in databases that had rows before there was this rule.
ALTER TABLE outbox_events ADD CONSTRAINT outbox_created_at_is_a_date
  CHECK (created_at >= '1970-01-01 00:00:00+00' AND created_at < 'infinity') NOT VALID;

COMMENT ON TABLE outbox_events IS 'One row per business event; each becomes exactly one Temporal workflow whose id is the row''s id.';
COMMENT ON COLUMN outbox_events.published_at IS 'Temporal accepted the start of this row''s workflow. Emission to Kafka is emitted_at.';
COMMENT ON COLUMN outbox_events.retry_count IS 'Failed starts the row itself caused. Outages, overload and faults of the deployment never count.';
COMMENT ON COLUMN outbox_events.last_error IS 'Failure code (docs/failures.md), a colon and detail; kept until the row is published.';
COMMENT ON COLUMN outbox_events.sequence IS 'Commit order within the aggregate; always set by the trigger.';
COMMENT ON COLUMN outbox_events.next_attempt_at IS 'Not claimed before this time; -infinity means at once.';
COMMENT ON COLUMN outbox_events.first_attempt_at IS 'First claim; starts the clock of the retention guard.';
COMMENT ON COLUMN outbox_events.claim_count IS 'Claims begun. More claims than finished starts means processes died holding the row.';
COMMENT ON COLUMN outbox_events.lease_token IS 'Fencing token of the claim in force: only its holder may mark the row.';
COMMENT ON COLUMN outbox_events.dead_lettered_at IS 'Set when the row is given up; last_error says why. Requeue with `ops requeue`.';
COMMENT ON COLUMN outbox_events.emitted_at IS 'Kafka acknowledged the event.';
COMMENT ON COLUMN outbox_events.unfinished_claims IS 'Claims in a row that ended without a word: the process died, hung or lost the database. Any end that is written sets it to 0.';

-- The claim reads pending rows by lane and commit order, and of one aggregate.
CREATE INDEX idx_unpublished ON outbox_events (priority, sequence) WHERE published_at IS NULL AND dead_lettered_at IS NULL;
CREATE INDEX idx_outbox_pending_of_aggregate ON outbox_events (aggregate_id, sequence)
  WHERE published_at IS NULL AND dead_lettered_at IS NULL;
-- The emitter asks which rows of an aggregate are not on Kafka yet, and of which type.
CREATE INDEX idx_outbox_unemitted_of_aggregate ON outbox_events (aggregate_id, sequence)
  WHERE emitted_at IS NULL AND dead_lettered_at IS NULL;
CREATE INDEX idx_outbox_unemitted_of_type ON outbox_events (aggregate_id, "left"(event_type, 64), sequence)
  WHERE emitted_at IS NULL AND dead_lettered_at IS NULL;
-- Deletes find the aggregate's workflows; people find an aggregate's history.
CREATE INDEX idx_outbox_aggregate ON outbox_events (aggregate_id, sequence);
CREATE INDEX idx_outbox_dead_letters ON outbox_events (dead_lettered_at) WHERE dead_lettered_at IS NOT NULL;
-- The audit reads marks in their order.
CREATE INDEX idx_outbox_published ON outbox_events (published_at, id) WHERE published_at IS NOT NULL;
CREATE INDEX idx_outbox_emitted ON outbox_events (emitted_at, id) WHERE emitted_at IS NOT NULL;

-- One row per aggregate that has work, so that a claim reads what it may start and nothing else.
CREATE TABLE outbox_heads (
  aggregate_id      uuid PRIMARY KEY,
  -- Of the first pending row, for the order of claims. Which row is the first is read from outbox_events at the claim.
  sequence          bigint NOT NULL,
  lane              smallint NOT NULL,
  event_type        text COLLATE "C" NOT NULL,
  unfinished_claims integer NOT NULL DEFAULT 0,
  wake_at           timestamptz,
  vacant_since      timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE outbox_heads IS 'One row per aggregate with a pending row. Kept by triggers of outbox_events; never written by hand.';
COMMENT ON COLUMN outbox_heads.lane IS 'Priority of the first pending row; 3 when it has none of the four.';
COMMENT ON COLUMN outbox_heads.event_type IS 'As the row spells it; empty when the catalogue does not know it.';
COMMENT ON COLUMN outbox_heads.wake_at IS 'Null: may be claimed. Else asleep until then: a lease, a back-off, a look at a vacant head; infinity: held by a dead letter.';
COMMENT ON COLUMN outbox_heads.vacant_since IS 'No pending row was seen, and a writer of the aggregate was open: it is looked at again.';
CREATE INDEX idx_heads_ready ON outbox_heads (lane, event_type, sequence) WHERE wake_at IS NULL;
CREATE INDEX idx_heads_asleep ON outbox_heads (wake_at) WHERE wake_at IS NOT NULL;

-- The lock of the writers of an aggregate: the row is locked until they commit, never changed. A row lock is on disk: a
-- transaction may hold a million of them. Rows carry no state; housekeeping deletes old ones.
CREATE TABLE outbox_writer_locks (
  aggregate_id uuid PRIMARY KEY,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idx_writer_locks_age ON outbox_writer_locks USING brin (made_at) WITH (autosummarize = on);

-- Dead letters that hold back what follows them in their aggregate.
CREATE TABLE outbox_holds (
  aggregate_id uuid NOT NULL,
  id           uuid NOT NULL,
  sequence     bigint NOT NULL,
  held_since   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (aggregate_id, id)
);

-- Partitions taken out: written before the detach, so that a process which comes after a crash knows what was begun; kept as the
-- record of what is gone.
CREATE TABLE outbox_partition_drops (
  name        text PRIMARY KEY,
  lower_bound timestamptz NOT NULL,
  upper_bound timestamptz NOT NULL,
  began_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  dropped_at  timestamptz,             -- null: begun
  row_count   bigint                   -- when dropped
);

-- The partitions of the outbox. A null bound has no end. detach_pending: taken out half-way, in no query any more.
CREATE VIEW outbox_partitions AS
  SELECT c.relname::text AS name, c.oid AS oid, i.inhdetachpending AS detach_pending,
         greatest(c.reltuples, 0)::bigint AS estimated_rows, pg_total_relation_size(c.oid) AS bytes,
         (regexp_match(bound.text, 'FROM \(''([^'']+)''\)'))[1]::timestamptz AS lower_bound,
         (regexp_match(bound.text, 'TO \(''([^'']+)''\)'))[1]::timestamptz AS upper_bound
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS text) bound
  WHERE i.inhparent = 'outbox_events'::regclass;

-- The bridges that serve this outbox: each writes down every two seconds what it is doing.
CREATE TABLE bridge_instances (
  instance_id  text PRIMARY KEY,
  state        text NOT NULL,
  reason       text,
  paused_types jsonb NOT NULL DEFAULT '{}',
  started_at   timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now()
);

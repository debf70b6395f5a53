-- The outbox. A business service inserts a row in its own transaction; the bridge turns each into one workflow start.
-- A plain INSERT of id, aggregate_id, event_type, payload is enough, from any language.

-- Rises with every row. Drawn under the aggregate's lock (see the trigger), so within one aggregate it is commit order.
CREATE SEQUENCE outbox_sequence;

-- What the insert trigger needs to know of an event type, under every accepted spelling.
-- Written from contracts/catalogue.ts by `npm run migrate`; never by hand.
CREATE TABLE outbox_event_types (
  spelling       text PRIMARY KEY,
  event_type     text NOT NULL,
  aggregate_type text NOT NULL,
  priority       smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
  schema_version integer NOT NULL
);

CREATE TABLE outbox_events (
  -- The eight columns of the source documents.
  id               uuid NOT NULL,
  aggregate_id     uuid NOT NULL,
  event_type       text NOT NULL,
  payload          jsonb NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  published_at     timestamptz,
  retry_count      integer NOT NULL DEFAULT 0,
  last_error       text,
  -- What the decisions need. The trigger fills what the writer leaves out.
  aggregate_type   text NOT NULL,
  priority         smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
  schema_version   integer NOT NULL,
  sequence         bigint NOT NULL,
  traceparent      text,
  -- The bridge's bookkeeping.
  next_attempt_at  timestamptz NOT NULL DEFAULT '-infinity',
  first_attempt_at timestamptz,
  claim_count      integer NOT NULL DEFAULT 0,
  lease_token      uuid,
  lease_until      timestamptz,
  dead_lettered_at timestamptz,
  -- The Kafka emitter's bookkeeping.
  emitted_at       timestamptz,
  -- On a table partitioned by created_at a key on id alone is impossible; the workflow id holds the uniqueness of id.
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

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

-- The claim: pending rows by lane and commit order.
CREATE INDEX idx_unpublished ON outbox_events (priority, sequence) WHERE published_at IS NULL AND dead_lettered_at IS NULL;
-- The head test of the claim: is there an earlier pending row of this aggregate?
CREATE INDEX idx_outbox_pending_of_aggregate ON outbox_events (aggregate_id, sequence)
  WHERE published_at IS NULL AND dead_lettered_at IS NULL;
-- The gate of the Kafka emit: which rows of this aggregate are still to be emitted?
CREATE INDEX idx_outbox_unemitted_of_aggregate ON outbox_events (aggregate_id, sequence)
  WHERE emitted_at IS NULL AND dead_lettered_at IS NULL;
-- Deletes find the aggregate's workflows; people find an aggregate's history.
CREATE INDEX idx_outbox_aggregate ON outbox_events (aggregate_id, sequence);
CREATE INDEX idx_outbox_dead_letters ON outbox_events (dead_lettered_at) WHERE dead_lettered_at IS NOT NULL;

-- Makes the writers of one aggregate wait for each other until commit, so that the sequence drawn next is their commit
-- order. A lock per aggregate would do, but a bulk transaction over many aggregates would fill PostgreSQL's shared lock
-- table, and with it stop everybody (tried: 20,000 aggregates, "out of shared memory"). So a transaction locks its first
-- 500 aggregates one by one, inside a slot of which it takes a share; after that it takes whole slots, 1024 at the most.
-- Keys: (7021, slot) for slots, hash with seed 7021 for aggregates; the emitter's are 7022.
CREATE FUNCTION outbox_lock_aggregate(aggregate uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  key       bigint := hashtextextended(aggregate::text, 7021);
  slot      integer := (key & 1023)::integer;
  rows_here integer := coalesce(nullif(current_setting('nova.outbox_rows', true), ''), '0')::integer + 1;
BEGIN
  PERFORM set_config('nova.outbox_rows', rows_here::text, true);
  IF rows_here <= 500 THEN
    PERFORM pg_advisory_xact_lock_shared(7021, slot);
    PERFORM pg_advisory_xact_lock(key);
  ELSE
    PERFORM pg_advisory_xact_lock(7021, slot);
  END IF;
END $$;

-- SECURITY DEFINER: a writer needs INSERT on outbox_events and nothing else.
CREATE FUNCTION outbox_before_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  known outbox_event_types;
BEGIN
  PERFORM outbox_lock_aggregate(NEW.aggregate_id);
  NEW.sequence := nextval('outbox_sequence');
  SELECT * INTO known FROM outbox_event_types WHERE spelling = NEW.event_type;
  -- An unknown type is let in: the business transaction must not fail for it. The bridge dead-letters it with its reason.
  NEW.aggregate_type := coalesce(NEW.aggregate_type, known.aggregate_type, 'unknown');
  NEW.priority := coalesce(NEW.priority, known.priority, 2);
  NEW.schema_version := coalesce(NEW.schema_version, known.schema_version, 1);
  RETURN NEW;
END $$;

CREATE TRIGGER outbox_before_insert BEFORE INSERT ON outbox_events
  FOR EACH ROW EXECUTE FUNCTION outbox_before_insert();

-- Makes the daily partitions from today to `days_ahead` days from now (UTC) and answers how many are new. Creating aside
-- and attaching locks the parent only against other changes of its partitions, never against inserts.
CREATE FUNCTION outbox_ensure_partitions(days_ahead integer) RETURNS integer LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  day      date;
  today    date := (now() AT TIME ZONE 'UTC')::date;
  part     text;
  made     integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7023);
  SET LOCAL lock_timeout = '5s';
  IF to_regclass('outbox_events_past') IS NULL THEN
    -- Rows restored or back-dated before the first day have a home too.
    EXECUTE format('CREATE TABLE outbox_events_past PARTITION OF outbox_events FOR VALUES FROM (MINVALUE) TO (%L)',
                   today::text || ' 00:00:00+00');
  END IF;
  FOR day IN SELECT generate_series(today, today + days_ahead, interval '1 day')::date LOOP
    part := 'outbox_events_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass(part) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I (LIKE outbox_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
                    WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
                          autovacuum_analyze_scale_factor = 0.02)', part);
    EXECUTE format('ALTER TABLE outbox_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   part, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

-- What each bridge process is doing, for people and for the audit. One row per process, renewed every few seconds.
CREATE TABLE bridge_instances (
  instance_id  text PRIMARY KEY,
  state        text NOT NULL,
  reason       text,
  paused_types jsonb NOT NULL DEFAULT '{}',
  started_at   timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now()
);

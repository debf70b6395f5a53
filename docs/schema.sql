-- The schema as a migrated database has it: what the files of migrations/ add up to. Without rights, which are in
-- migrations/rights/decided.ts, the days of the outbox, and the bodies of functions, which are in the folders of functions there.
-- Generated: npm run schema:dump

CREATE SEQUENCE nova.audit_runs_place_seq AS bigint;
CREATE SEQUENCE nova.notifications_id_seq AS bigint;
CREATE SEQUENCE nova.nova_migrations_id_seq AS integer;
CREATE SEQUENCE nova.operator_acts_id_seq AS bigint;
CREATE SEQUENCE nova.outbox_sequence AS bigint;
CREATE SEQUENCE nova.outbox_switches AS bigint;

CREATE TABLE nova.audit_findings (
  event_id text NOT NULL,
  kind text NOT NULL,
  detail text NOT NULL,
  first_seen timestamp with time zone NOT NULL,
  last_seen timestamp with time zone NOT NULL,
  resolved_at timestamp with time zone,
  acknowledged_at timestamp with time zone,
  acknowledged_because text,
  outbox text,
  CONSTRAINT audit_findings_pkey PRIMARY KEY (event_id, kind)
);
CREATE INDEX idx_audit_findings_closed ON nova.audit_findings USING btree (last_seen) WHERE ((resolved_at IS NOT NULL) OR (acknowledged_at IS NOT NULL));
CREATE INDEX idx_audit_findings_open ON nova.audit_findings USING btree (kind) WHERE ((resolved_at IS NULL) AND (acknowledged_at IS NULL));
COMMENT ON COLUMN nova.audit_findings.outbox IS 'Of whose event it is. Null: not known, or of no event.';

CREATE TABLE nova.audit_outboxes (
  outbox text NOT NULL,
  window_to timestamp with time zone NOT NULL,
  records_to timestamp with time zone,
  CONSTRAINT audit_outboxes_pkey PRIMARY KEY (outbox)
);
COMMENT ON TABLE nova.audit_outboxes IS 'Up to where the scheduled audit has compared each outbox, by the clock of its database.';
COMMENT ON COLUMN nova.audit_outboxes.records_to IS 'The same with Kafka; earlier when that was away.';

CREATE TABLE nova.audit_runs (
  audit_id text NOT NULL,
  origin text NOT NULL,
  window_from timestamp with time zone NOT NULL,
  window_to timestamp with time zone NOT NULL,
  records_to timestamp with time zone,
  rows_seen bigint NOT NULL,
  runs_seen bigint NOT NULL,
  records_seen bigint NOT NULL,
  counts jsonb NOT NULL,
  unexplained integer NOT NULL,
  notes jsonb NOT NULL,
  took_ms integer NOT NULL,
  ended_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  place bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  CONSTRAINT audit_runs_pkey PRIMARY KEY (audit_id),
  CONSTRAINT audit_runs_origin_check CHECK ((origin = ANY (ARRAY['schedule'::text, 'demand'::text])))
);
CREATE INDEX idx_audit_runs_ended ON nova.audit_runs USING btree (ended_at);

CREATE TABLE nova.bridge_instances (
  instance_id text NOT NULL,
  state text NOT NULL,
  reason text,
  paused_types jsonb NOT NULL DEFAULT '{}'::jsonb,
  started_at timestamp with time zone NOT NULL DEFAULT now(),
  heartbeat_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT bridge_instances_pkey PRIMARY KEY (instance_id)
);

CREATE TABLE nova.chores (
  name text NOT NULL,
  holder text,
  token uuid,
  lease_until timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone,
  due_at timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone,
  last_began_at timestamp with time zone,
  last_done_at timestamp with time zone,
  last_error text,
  report jsonb,
  CONSTRAINT chores_pkey PRIMARY KEY (name)
);

CREATE TABLE nova.content_owners (
  content_type text NOT NULL,
  content_id uuid NOT NULL,
  owner_id uuid NOT NULL,
  post_id uuid,
  CONSTRAINT content_owners_pkey PRIMARY KEY (content_type, content_id),
  CONSTRAINT content_owners_content_type_check CHECK ((content_type = ANY (ARRAY['message'::text, 'comment'::text])))
);
CREATE INDEX idx_content_owners_post ON nova.content_owners USING btree (post_id) WHERE (post_id IS NOT NULL);

CREATE TABLE nova.delivery_pauses (
  channel text NOT NULL,
  reason text NOT NULL,
  paused_by text NOT NULL,
  paused_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  ends_at timestamp with time zone NOT NULL,
  CONSTRAINT delivery_pauses_pkey PRIMARY KEY (channel)
);
COMMENT ON TABLE nova.delivery_pauses IS 'Channels of delivery that a person has paused (`npx nova pause channel:email`), and until when.';

CREATE TABLE nova.deployment (
  is_this boolean NOT NULL DEFAULT true,
  temporal_namespace text NOT NULL,
  temporal_namespace_id text NOT NULL,
  task_queue_prefix text NOT NULL,
  kafka_topic_prefix text NOT NULL,
  recorded_at timestamp with time zone NOT NULL DEFAULT now(),
  outbox text,
  CONSTRAINT deployment_pkey PRIMARY KEY (is_this),
  CONSTRAINT deployment_is_this_check CHECK (is_this)
);
COMMENT ON TABLE nova.deployment IS 'The deployment that this database belongs to. Changed by `npm run migrate -- --adopt` alone.';
COMMENT ON COLUMN nova.deployment.outbox IS 'Name of the outbox in this database. Null: main, or State alone.';

CREATE TABLE nova.event_replays (
  event_id uuid NOT NULL,
  number integer NOT NULL,
  reason text,
  requested_by text NOT NULL,
  requested_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  started_at timestamp with time zone,
  CONSTRAINT event_replays_pkey PRIMARY KEY (event_id, number),
  CONSTRAINT event_replays_number_check CHECK ((number > 0))
);

CREATE TABLE nova.feed_stores (
  name text NOT NULL,
  epoch bigint NOT NULL,
  identity text NOT NULL,
  beat bigint NOT NULL,
  beat_at timestamp with time zone NOT NULL,
  lost_at timestamp with time zone,
  lost_since timestamp with time zone,
  lost_reason text,
  repaired_epoch bigint NOT NULL,
  repaired_at timestamp with time zone,
  eviction text,
  CONSTRAINT feed_stores_pkey PRIMARY KEY (name)
);

CREATE TABLE nova.follow_changes (
  followee_id uuid NOT NULL,
  follower_id uuid NOT NULL,
  sequence bigint NOT NULL,
  following boolean NOT NULL,
  changed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT follow_changes_pkey PRIMARY KEY (followee_id, follower_id)
);
CREATE INDEX idx_follow_changes_age ON nova.follow_changes USING btree (changed_at);
COMMENT ON TABLE nova.follow_changes IS 'The newest change of each follow, by event or by hand; kept by nova_apply_follow and by triggers of follows.';

CREATE TABLE nova.follows (
  followee_id uuid NOT NULL,
  follower_id uuid NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT follows_pkey PRIMARY KEY (followee_id, follower_id)
);
CREATE INDEX idx_follows_follower ON nova.follows USING btree (follower_id, followee_id);
CREATE TRIGGER follow_begun_by_hand AFTER INSERT ON nova.follows REFERENCING NEW TABLE AS begun FOR EACH STATEMENT EXECUTE FUNCTION follow_begun_by_hand();
CREATE TRIGGER follow_ended_by_hand AFTER DELETE ON nova.follows REFERENCING OLD TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION follow_ended_by_hand();

CREATE TABLE nova.notification_deliveries (
  event_id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  channel text NOT NULL,
  kind text NOT NULL,
  state text NOT NULL,
  claim_token uuid,
  claimed_at timestamp with time zone,
  attempts integer NOT NULL DEFAULT 0,
  sent_at timestamp with time zone,
  provider_id text,
  reason text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT notification_deliveries_pkey PRIMARY KEY (event_id, recipient_id, channel),
  CONSTRAINT notification_deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'claimed'::text, 'sent'::text, 'failed'::text, 'unknown'::text, 'skipped'::text])))
);
CREATE INDEX idx_deliveries_age ON nova.notification_deliveries USING btree (created_at);
CREATE INDEX idx_deliveries_open ON nova.notification_deliveries USING btree (channel, state) WHERE (state = ANY (ARRAY['pending'::text, 'claimed'::text, 'unknown'::text]));
CREATE INDEX idx_deliveries_pending ON nova.notification_deliveries USING btree (event_id, channel, recipient_id) WHERE (state = 'pending'::text);
CREATE INDEX idx_deliveries_skipped ON nova.notification_deliveries USING btree (created_at) WHERE ((state = 'skipped'::text) AND (channel <> 'in_app'::text));
CREATE INDEX idx_deliveries_unfinished_age ON nova.notification_deliveries USING btree (created_at) WHERE (state = ANY (ARRAY['pending'::text, 'claimed'::text]));

CREATE TABLE nova.notification_kinds (
  kind text NOT NULL,
  channel text NOT NULL,
  on_default boolean NOT NULL,
  locked boolean NOT NULL,
  CONSTRAINT notification_kinds_pkey PRIMARY KEY (kind, channel)
);

CREATE TABLE nova.notification_preferences (
  user_id uuid NOT NULL,
  kind text NOT NULL,
  channel text NOT NULL,
  enabled boolean NOT NULL,
  CONSTRAINT notification_preferences_pkey PRIMARY KEY (user_id, kind, channel),
  CONSTRAINT notification_preferences_known FOREIGN KEY (kind, channel) REFERENCES notification_kinds(kind, channel) NOT VALID
);

CREATE TABLE nova.notifications (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  event_id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  kind text NOT NULL,
  actor_id uuid,
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  item_type text NOT NULL,
  item_id text NOT NULL,
  sequence bigint NOT NULL,
  in_app boolean NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  read_at timestamp with time zone,
  retracted_at timestamp with time zone,
  CONSTRAINT notifications_pkey PRIMARY KEY (id),
  CONSTRAINT notifications_event_id_recipient_id_key UNIQUE (event_id, recipient_id)
);
CREATE INDEX idx_notifications_actor ON nova.notifications USING btree (actor_id) WHERE (retracted_at IS NULL);
CREATE INDEX idx_notifications_follow ON nova.notifications USING btree (actor_id, recipient_id) WHERE ((kind = 'follow.received'::text) AND (retracted_at IS NULL));
CREATE INDEX idx_notifications_inbox ON nova.notifications USING btree (recipient_id, id DESC) WHERE (in_app AND (retracted_at IS NULL));
CREATE INDEX idx_notifications_reaction ON nova.notifications USING btree (item_id) WHERE ((item_type = 'reaction'::text) AND (retracted_at IS NULL));
CREATE INDEX idx_notifications_read_age ON nova.notifications USING btree (read_at) WHERE ((read_at IS NOT NULL) AND in_app AND (retracted_at IS NULL));
CREATE INDEX idx_notifications_subject ON nova.notifications USING btree (subject_type, subject_id) WHERE (retracted_at IS NULL);
CREATE INDEX idx_notifications_unlisted ON nova.notifications USING btree (created_at) WHERE (NOT (in_app AND (retracted_at IS NULL)));
CREATE INDEX idx_notifications_unread ON nova.notifications USING btree (recipient_id) WHERE (in_app AND (read_at IS NULL) AND (retracted_at IS NULL));
CREATE INDEX idx_notifications_unseen_age ON nova.notifications USING btree (created_at) WHERE ((NOT in_app) OR (retracted_at IS NOT NULL));

CREATE TABLE nova.nova_functions (
  name text NOT NULL,
  revision integer NOT NULL,
  checksum text NOT NULL,
  applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT nova_functions_pkey PRIMARY KEY (name),
  CONSTRAINT nova_functions_revision_check CHECK ((revision > 0))
);
COMMENT ON TABLE nova.nova_functions IS 'Written by npm run migrate: the newest revision of each function, and the checksum of its text.';

CREATE TABLE nova.nova_migrations (
  id integer NOT NULL DEFAULT nextval('nova_migrations_id_seq'::regclass),
  name character varying(255) NOT NULL,
  run_on timestamp without time zone NOT NULL,
  CONSTRAINT nova_migrations_pkey PRIMARY KEY (id)
);

CREATE TABLE nova.operator_acts (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  invocation uuid NOT NULL,
  at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  login text NOT NULL DEFAULT SESSION_USER,
  actor text NOT NULL,
  host text NOT NULL,
  command text NOT NULL,
  reason text,
  planned integer NOT NULL,
  done integer,
  ids text[] NOT NULL DEFAULT '{}'::text[],
  details jsonb NOT NULL DEFAULT '{}'::jsonb,
  CONSTRAINT operator_acts_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_operator_acts_at ON nova.operator_acts USING btree (at);
CREATE INDEX idx_operator_acts_ids ON nova.operator_acts USING gin (ids);
COMMENT ON TABLE nova.operator_acts IS 'Acts of people with the operator''s tools; listed by `npx nova acts`. Only ever added to.';
COMMENT ON COLUMN nova.operator_acts.actor IS 'Who it was, as the command says: OPS_ACTOR, else the user of the operating system.';
COMMENT ON COLUMN nova.operator_acts.done IS 'What is done of it here. Null: begun outside of this database; another act of the command says how it ended.';
COMMENT ON COLUMN nova.operator_acts.host IS 'User of the operating system, and the machine.';
COMMENT ON COLUMN nova.operator_acts.ids IS 'Of what was done: event ids, names of deliveries, people.';
COMMENT ON COLUMN nova.operator_acts.login IS 'The login of the database.';
COMMENT ON COLUMN nova.operator_acts.planned IS 'What the whole command was to do, as its plan showed.';

CREATE TABLE nova.outbox_event_types (
  spelling text NOT NULL,
  event_type text NOT NULL,
  aggregate_type text NOT NULL,
  priority smallint NOT NULL,
  schema_version integer NOT NULL,
  after_dead_letter text NOT NULL DEFAULT 'continue'::text,
  newest_version integer,
  key_field text,
  aggregate_is_key boolean NOT NULL DEFAULT false,
  max_payload_bytes integer NOT NULL DEFAULT 786432,
  payload_schema jsonb,
  allowed boolean NOT NULL DEFAULT true,
  domain text,
  moving text,
  moves_with text,
  CONSTRAINT outbox_event_types_pkey PRIMARY KEY (spelling),
  CONSTRAINT outbox_event_types_after_dead_letter_check CHECK ((after_dead_letter = ANY (ARRAY['continue'::text, 'hold'::text]))),
  CONSTRAINT outbox_event_types_moving_check CHECK ((moving = ANY (ARRAY['gone'::text, 'expected'::text, 'closed'::text]))),
  CONSTRAINT outbox_event_types_priority_check CHECK (((priority >= 0) AND (priority <= 3)))
);
CREATE INDEX idx_event_types_closed ON nova.outbox_event_types USING btree (spelling) WHERE (moving = 'closed'::text);
COMMENT ON COLUMN nova.outbox_event_types.allowed IS 'False: the domain of the type belongs to another service (OUTBOXES, "domains"). Written by `npm run migrate`.';
COMMENT ON COLUMN nova.outbox_event_types.domain IS 'Written by `npm run migrate`.';
COMMENT ON COLUMN nova.outbox_event_types.moving IS 'From outbox_moves. gone: refused, since it is written in another outbox. expected: refused until that other outbox refuses it. closed: written, and not claimed yet.';

CREATE TABLE nova.outbox_events (
  id uuid NOT NULL,
  aggregate_id uuid NOT NULL,
  event_type text NOT NULL,
  payload jsonb NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  published_at timestamp with time zone,
  retry_count integer NOT NULL DEFAULT 0,
  last_error text,
  aggregate_type text NOT NULL,
  priority smallint NOT NULL,
  schema_version integer NOT NULL,
  sequence bigint NOT NULL,
  traceparent text,
  next_attempt_at timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone,
  first_attempt_at timestamp with time zone,
  claim_count integer NOT NULL DEFAULT 0,
  lease_token uuid,
  lease_until timestamp with time zone,
  dead_lettered_at timestamp with time zone,
  emitted_at timestamp with time zone,
  unfinished_claims integer NOT NULL DEFAULT 0,
  CONSTRAINT outbox_events_pkey PRIMARY KEY (id, created_at),
  CONSTRAINT outbox_created_at_is_a_date CHECK (((created_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (created_at < 'infinity'::timestamp with time zone))) NOT VALID,
  CONSTRAINT outbox_events_priority_check CHECK (((priority >= 0) AND (priority <= 3)))
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_outbox_aggregate ON ONLY nova.outbox_events USING btree (aggregate_id, sequence);
CREATE INDEX idx_outbox_dead_letters ON ONLY nova.outbox_events USING btree (dead_lettered_at) WHERE (dead_lettered_at IS NOT NULL);
CREATE INDEX idx_outbox_emitted ON ONLY nova.outbox_events USING btree (emitted_at, id) WHERE (emitted_at IS NOT NULL);
CREATE INDEX idx_outbox_pending_of_aggregate ON ONLY nova.outbox_events USING btree (aggregate_id, sequence) WHERE ((published_at IS NULL) AND (dead_lettered_at IS NULL));
CREATE INDEX idx_outbox_published ON ONLY nova.outbox_events USING btree (published_at, id) WHERE (published_at IS NOT NULL);
CREATE INDEX idx_outbox_unemitted_of_aggregate ON ONLY nova.outbox_events USING btree (aggregate_id, sequence) WHERE ((emitted_at IS NULL) AND (dead_lettered_at IS NULL));
CREATE INDEX idx_outbox_unemitted_of_type ON ONLY nova.outbox_events USING btree (aggregate_id, "left"(event_type, 64), sequence) WHERE ((emitted_at IS NULL) AND (dead_lettered_at IS NULL));
CREATE INDEX idx_unpublished ON ONLY nova.outbox_events USING btree (priority, sequence) WHERE ((published_at IS NULL) AND (dead_lettered_at IS NULL));
CREATE TRIGGER outbox_after_delete AFTER DELETE ON nova.outbox_events REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION outbox_after_delete();
CREATE TRIGGER outbox_after_truncate AFTER TRUNCATE ON nova.outbox_events FOR EACH STATEMENT EXECUTE FUNCTION outbox_after_truncate();
CREATE TRIGGER outbox_after_update AFTER UPDATE ON nova.outbox_events REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION outbox_after_update();
CREATE TRIGGER outbox_before_insert BEFORE INSERT ON nova.outbox_events FOR EACH ROW EXECUTE FUNCTION outbox_before_insert();
COMMENT ON TABLE nova.outbox_events IS 'One row per business event; each becomes exactly one Temporal workflow whose id is the row''s id.';
COMMENT ON COLUMN nova.outbox_events.claim_count IS 'Claims begun. More claims than finished starts means processes died holding the row.';
COMMENT ON COLUMN nova.outbox_events.dead_lettered_at IS 'Set when the row is given up; last_error says why. Requeue with `npx nova requeue`.';
COMMENT ON COLUMN nova.outbox_events.emitted_at IS 'Kafka acknowledged the event.';
COMMENT ON COLUMN nova.outbox_events.first_attempt_at IS 'First claim; starts the clock of the retention guard.';
COMMENT ON COLUMN nova.outbox_events.last_error IS 'Failure code (docs/failures.md), a colon and detail; kept until the row is published.';
COMMENT ON COLUMN nova.outbox_events.lease_token IS 'Fencing token of the claim in force: only its holder may mark the row.';
COMMENT ON COLUMN nova.outbox_events.next_attempt_at IS 'Not claimed before this time; -infinity means at once.';
COMMENT ON COLUMN nova.outbox_events.published_at IS 'Temporal accepted the start of this row''s workflow. Emission to Kafka is emitted_at.';
COMMENT ON COLUMN nova.outbox_events.retry_count IS 'Failed starts the row itself caused. Outages, overload and faults of the deployment never count.';
COMMENT ON COLUMN nova.outbox_events.sequence IS 'Commit order within the aggregate; always set by the trigger.';
COMMENT ON COLUMN nova.outbox_events.unfinished_claims IS 'Claims in a row that ended without a word: the process died, hung or lost the database. Any end that is written sets it to 0.';

CREATE TABLE nova.outbox_heads (
  aggregate_id uuid NOT NULL,
  sequence bigint NOT NULL,
  lane smallint NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  unfinished_claims integer NOT NULL DEFAULT 0,
  wake_at timestamp with time zone,
  vacant_since timestamp with time zone,
  CONSTRAINT outbox_heads_pkey PRIMARY KEY (aggregate_id)
) WITH (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000, fillfactor=70);
CREATE INDEX idx_heads_asleep ON nova.outbox_heads USING btree (wake_at) WHERE (wake_at IS NOT NULL);
CREATE INDEX idx_heads_ready ON nova.outbox_heads USING btree (lane, event_type, sequence) WHERE (wake_at IS NULL);
COMMENT ON TABLE nova.outbox_heads IS 'One row per aggregate with a pending row. Kept by triggers of outbox_events; never written by hand.';
COMMENT ON COLUMN nova.outbox_heads.event_type IS 'As the row spells it; empty when the catalogue does not know it.';
COMMENT ON COLUMN nova.outbox_heads.lane IS 'Priority of the first pending row; 3 when it has none of the four.';
COMMENT ON COLUMN nova.outbox_heads.vacant_since IS 'No pending row was seen, and a writer of the aggregate was open: it is looked at again.';
COMMENT ON COLUMN nova.outbox_heads.wake_at IS 'Null: may be claimed. Else asleep until then: a lease, a back-off, a look at a vacant head; infinity: held by a dead letter.';

CREATE TABLE nova.outbox_holds (
  aggregate_id uuid NOT NULL,
  id uuid NOT NULL,
  sequence bigint NOT NULL,
  held_since timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  waits_for text,
  CONSTRAINT outbox_holds_pkey PRIMARY KEY (aggregate_id, id)
);
COMMENT ON COLUMN nova.outbox_holds.waits_for IS 'The outbox that has earlier events of this aggregate, id among them, which are not on Kafka yet. Null: id is a dead letter here.';

CREATE TABLE nova.outbox_moves (
  id uuid NOT NULL,
  direction text NOT NULL,
  other text NOT NULL,
  domains text[] NOT NULL,
  begun_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  number bigint,
  floor bigint,
  accepted_at timestamp with time zone,
  opened_at timestamp with time zone,
  ended_at timestamp with time zone,
  cancelled_at timestamp with time zone,
  CONSTRAINT outbox_moves_pkey PRIMARY KEY (id, direction),
  CONSTRAINT outbox_moves_direction_check CHECK ((direction = ANY (ARRAY['out'::text, 'in'::text])))
);
COMMENT ON TABLE nova.outbox_moves IS 'Domains that came from another outbox or went to one. Kept: effects look for what came before an event in the outbox of then.';

CREATE TABLE nova.outbox_partition_drops (
  name text NOT NULL,
  lower_bound timestamp with time zone NOT NULL,
  upper_bound timestamp with time zone NOT NULL,
  began_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  dropped_at timestamp with time zone,
  row_count bigint,
  CONSTRAINT outbox_partition_drops_pkey PRIMARY KEY (name)
);

CREATE TABLE nova.outbox_pauses (
  event_type text NOT NULL,
  reason text NOT NULL,
  paused_by text NOT NULL,
  paused_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  ends_at timestamp with time zone NOT NULL,
  CONSTRAINT outbox_pauses_pkey PRIMARY KEY (event_type)
);
COMMENT ON TABLE nova.outbox_pauses IS 'Event types that a person has paused (`npx nova pause`), and until when.';
COMMENT ON COLUMN nova.outbox_pauses.event_type IS 'As the catalogue spells it, or as the rows do when it does not know it; *: every type.';

CREATE TABLE nova.outbox_progress (
  outbox text NOT NULL,
  content_type text NOT NULL,
  reported_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  done_before timestamp with time zone NOT NULL,
  CONSTRAINT outbox_progress_pkey PRIMARY KEY (outbox, content_type, reported_at)
);
COMMENT ON TABLE nova.outbox_progress IS 'How far each outbox is, by the type of content that its events create; written by its bridges.';
COMMENT ON COLUMN nova.outbox_progress.done_before IS 'Every event of the outbox that creates such content and was written before this is on Kafka or was given up.';

CREATE TABLE nova.outbox_signals (
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  held_until timestamp with time zone NOT NULL,
  reason text NOT NULL,
  signalled_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  copied_at timestamp with time zone,
  CONSTRAINT outbox_signals_pkey PRIMARY KEY (subject_type, subject_id)
);
CREATE INDEX idx_outbox_signals_age ON nova.outbox_signals USING btree (held_until);
CREATE INDEX idx_outbox_signals_new ON nova.outbox_signals USING btree (signalled_at) WHERE (copied_at IS NULL);
CREATE TRIGGER signal_holds BEFORE INSERT OR UPDATE OF signalled_at ON nova.outbox_signals FOR EACH ROW EXECUTE FUNCTION signal_holds();
COMMENT ON TABLE nova.outbox_signals IS 'Signalled deletes on their way to State. Deleted an hour after they have lapsed.';
COMMENT ON COLUMN nova.outbox_signals.copied_at IS 'State has it. Null: a bridge is to bring it there.';

CREATE TABLE nova.outbox_writer_locks (
  aggregate_id uuid NOT NULL,
  made_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT outbox_writer_locks_pkey PRIMARY KEY (aggregate_id)
);
CREATE INDEX idx_writer_locks_age ON nova.outbox_writer_locks USING brin (made_at) WITH (autosummarize='on');

CREATE TABLE nova.parked_media (
  media_id uuid NOT NULL,
  upload_id uuid NOT NULL,
  user_id uuid NOT NULL,
  event_id uuid NOT NULL,
  state text NOT NULL,
  post_id uuid,
  uploaded_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  parked_at timestamp with time zone NOT NULL DEFAULT now(),
  for_post uuid,
  CONSTRAINT parked_media_pkey PRIMARY KEY (media_id),
  CONSTRAINT parked_media_check CHECK (((state = 'linked'::text) = (post_id IS NOT NULL))),
  CONSTRAINT parked_media_state_check CHECK ((state = ANY (ARRAY['parked'::text, 'linked'::text, 'unclaimed'::text])))
);
CREATE INDEX idx_parked_media_for_post ON nova.parked_media USING btree (for_post) WHERE ((for_post IS NOT NULL) AND (state <> 'linked'::text));
CREATE INDEX idx_parked_media_unclaimed_age ON nova.parked_media USING btree (parked_at) WHERE (state = 'unclaimed'::text);
CREATE INDEX idx_parked_media_user ON nova.parked_media USING btree (user_id, uploaded_at) WHERE (state <> 'linked'::text);

CREATE TABLE nova.post_media (
  post_id uuid NOT NULL,
  media_id uuid NOT NULL,
  event_id uuid NOT NULL,
  linked_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT post_media_pkey PRIMARY KEY (post_id, media_id)
);
CREATE INDEX idx_post_media_media ON nova.post_media USING btree (media_id);

CREATE TABLE nova.post_states (
  post_id uuid NOT NULL,
  author_id uuid NOT NULL,
  status text NOT NULL,
  delivery text,
  score_ms bigint NOT NULL,
  summary jsonb NOT NULL DEFAULT '{}'::jsonb,
  summary_sequences jsonb NOT NULL DEFAULT '{}'::jsonb,
  sequence bigint NOT NULL,
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT post_states_pkey PRIMARY KEY (post_id),
  CONSTRAINT post_states_delivery_check CHECK ((delivery = ANY (ARRAY['push'::text, 'pull'::text]))),
  CONSTRAINT post_states_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'published'::text, 'archived'::text, 'deleted'::text])))
);
CREATE INDEX idx_post_states_author ON nova.post_states USING btree (author_id, score_ms DESC, post_id DESC) WHERE (status = 'published'::text);
CREATE INDEX idx_post_states_pushed ON nova.post_states USING btree (author_id, post_id) WHERE (delivery = 'push'::text);
CREATE INDEX idx_post_states_undeleted ON nova.post_states USING btree (author_id) WHERE (status <> 'deleted'::text);

CREATE TABLE nova.pull_authors (
  author_id uuid NOT NULL,
  follower_count bigint NOT NULL,
  since timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT pull_authors_pkey PRIMARY KEY (author_id)
);

CREATE TABLE nova.replay_items (
  plan text NOT NULL,
  place integer NOT NULL,
  event_id uuid NOT NULL,
  outbox text NOT NULL,
  event_type text NOT NULL,
  workflow_id text NOT NULL,
  run_id uuid,
  reset_to integer,
  step text,
  why text NOT NULL,
  state text NOT NULL DEFAULT 'planned'::text,
  attempted_at timestamp with time zone,
  new_run text,
  remark text,
  CONSTRAINT replay_items_pkey PRIMARY KEY (plan, place),
  CONSTRAINT replay_items_check CHECK (((run_id IS NULL) = (reset_to IS NULL))),
  CONSTRAINT replay_items_plan_event_id_key UNIQUE (plan, event_id),
  CONSTRAINT replay_items_plan_fkey FOREIGN KEY (plan) REFERENCES replay_plans(name) ON DELETE CASCADE,
  CONSTRAINT replay_items_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'started'::text, 'completed'::text, 'failed'::text, 'healed'::text, 'refused'::text])))
);
CREATE INDEX idx_replay_items_open ON nova.replay_items USING btree (plan, state, place) WHERE (state = ANY (ARRAY['planned'::text, 'started'::text]));
COMMENT ON COLUMN nova.replay_items.attempted_at IS 'Before Temporal is asked: a worker that dies after that leaves it known that the new run is ours.';
COMMENT ON COLUMN nova.replay_items.reset_to IS 'Event of its history: the completed workflow task that is taken back with all that follows.';
COMMENT ON COLUMN nova.replay_items.run_id IS 'The run that is taken up again. Null: there is none any more, and a further one is started.';
COMMENT ON COLUMN nova.replay_items.state IS 'healed: when its turn came, a run of it was open or completed. refused: it cannot be replayed, remark says why. failed: the new run ended badly, too.';
COMMENT ON COLUMN nova.replay_items.step IS 'Activity that failed. Null: none did.';
COMMENT ON COLUMN nova.replay_items.why IS 'Why the run ended, one line that begins with a code.';
COMMENT ON COLUMN nova.replay_items.workflow_id IS 'The event id, or that of an earlier replay: <event id>/replay-<n>.';

CREATE TABLE nova.replay_plans (
  name text NOT NULL,
  filter jsonb NOT NULL,
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT replay_plans_pkey PRIMARY KEY (name),
  CONSTRAINT replay_plans_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
CREATE INDEX idx_replay_plans_age ON nova.replay_plans USING btree (requested_at);
COMMENT ON COLUMN nova.replay_plans.filter IS 'As it was asked for: type, since, status, code, build, aggregate, found.';

CREATE TABLE nova.send_allowances (
  actor_id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  channel text NOT NULL,
  window_began timestamp with time zone NOT NULL,
  used integer NOT NULL,
  CONSTRAINT send_allowances_pkey PRIMARY KEY (actor_id, recipient_id, channel)
);
CREATE INDEX idx_send_allowances_age ON nova.send_allowances USING btree (window_began);

CREATE TABLE nova.start_waits (
  instance_id text NOT NULL,
  task_queue text NOT NULL,
  wait_ms double precision NOT NULL,
  reported_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT start_waits_pkey PRIMARY KEY (instance_id, task_queue)
) WITH (fillfactor=20);
COMMENT ON TABLE nova.start_waits IS 'How long started workflows wait until a worker begins their first step, by worker process and task queue.';
COMMENT ON COLUMN nova.start_waits.wait_ms IS 'Milliseconds, the median of the last tenth of a second in which there were starts, less the least of the last ten minutes.';

CREATE TABLE nova.tombstones (
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  sequence bigint,
  final boolean NOT NULL,
  reason text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  held_until timestamp with time zone,
  CONSTRAINT tombstones_pkey PRIMARY KEY (subject_type, subject_id)
);
CREATE INDEX idx_tombstones_final_age ON nova.tombstones USING btree (created_at) WHERE ((subject_type = ANY (ARRAY['post'::text, 'message'::text, 'comment'::text])) AND final);
CREATE INDEX idx_tombstones_held ON nova.tombstones USING btree (held_until) WHERE (held_until IS NOT NULL);
CREATE INDEX idx_tombstones_lapsing ON nova.tombstones USING btree (created_at) WHERE ((subject_type = ANY (ARRAY['reaction'::text, 'follow'::text])) AND (NOT final) AND (sequence IS NOT NULL));
CREATE INDEX idx_tombstones_reaction_age ON nova.tombstones USING btree (created_at) WHERE ((subject_type = 'reaction'::text) AND (NOT final));
CREATE TRIGGER tombstone_of_signal BEFORE INSERT OR UPDATE ON nova.tombstones FOR EACH ROW WHEN ((new.final AND (new.sequence IS NULL))) EXECUTE FUNCTION tombstone_of_signal();
COMMENT ON COLUMN nova.tombstones.held_until IS 'A service signalled the delete: nothing of the subject goes out until then. Null: no signal.';

CREATE TABLE nova.unnamed_claims (
  post_id uuid NOT NULL,
  user_id uuid NOT NULL,
  event_id uuid NOT NULL,
  posted_at timestamp with time zone NOT NULL,
  CONSTRAINT unnamed_claims_pkey PRIMARY KEY (post_id)
);
CREATE INDEX idx_unnamed_claims_age ON nova.unnamed_claims USING btree (posted_at);
CREATE INDEX idx_unnamed_claims_user ON nova.unnamed_claims USING btree (user_id, posted_at);

CREATE TABLE nova.user_profiles (
  user_id uuid NOT NULL,
  username text,
  display_name text,
  avatar_url text,
  is_verified boolean NOT NULL DEFAULT false,
  email text,
  state text NOT NULL DEFAULT 'active'::text,
  sequence bigint NOT NULL,
  field_sequences jsonb NOT NULL DEFAULT '{}'::jsonb,
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT user_profiles_pkey PRIMARY KEY (user_id),
  CONSTRAINT user_profiles_state_check CHECK ((state = ANY (ARRAY['active'::text, 'hidden'::text, 'deleted'::text])))
);
CREATE INDEX idx_user_profiles_hidden ON nova.user_profiles USING btree (user_id) WHERE (state <> 'active'::text);

CREATE TABLE nova.wanted_media (
  media_id uuid NOT NULL,
  post_id uuid NOT NULL,
  user_id uuid NOT NULL,
  event_id uuid NOT NULL,
  wanted_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT wanted_media_pkey PRIMARY KEY (media_id, post_id)
);
CREATE INDEX idx_wanted_media_age ON nova.wanted_media USING btree (wanted_at);

CREATE TABLE nova.worker_processes (
  instance_id text NOT NULL,
  task_queues text[] NOT NULL,
  started_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  heartbeat_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT worker_processes_pkey PRIMARY KEY (instance_id)
) WITH (fillfactor=50);
COMMENT ON TABLE nova.worker_processes IS 'Worker processes and the task queues that they serve; each reports every three seconds while it takes tasks.';
COMMENT ON COLUMN nova.worker_processes.instance_id IS 'Its identity in Temporal: the poller of this name is this process.';

-- VIEW nova.nova_inbox (
--   recipient_id uuid,
--   id bigint,
--   event_id uuid,
--   kind text,
--   actor_id uuid,
--   subject_type text,
--   subject_id text,
--   item_type text,
--   item_id text,
--   created_at timestamp with time zone,
--   read boolean,
--   read_at timestamp with time zone
-- )

-- VIEW nova.outbox_partitions (
--   name text COLLATE "C",
--   oid oid,
--   detach_pending boolean,
--   estimated_rows bigint,
--   bytes bigint,
--   lower_bound timestamp with time zone,
--   upper_bound timestamp with time zone
-- )

-- FUNCTION nova.follow_begun_by_hand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.follow_ended_by_hand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.newer_fields(patch jsonb, sequences jsonb, seq bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path=nova, pg_temp
-- FUNCTION nova.newest_follow_event() RETURNS bigint LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.nova_apply_follow(p_followee uuid, p_follower uuid, p_sequence bigint, p_following boolean) RETURNS boolean LANGUAGE plpgsql SET lock_timeout=200ms SET search_path=nova, pg_temp
-- FUNCTION nova.nova_checked_event(type text, payload jsonb, INOUT id uuid, INOUT aggregate_id uuid, priority text, INOUT schema_version integer, place text, OUT event_type text, OUT priority_number smallint) RETURNS record LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.nova_delete_notice(recipient_id uuid, notice_id bigint) RETURNS integer LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.nova_edit_distance(one text, other text) RETURNS integer LANGUAGE plpgsql IMMUTABLE SET search_path=nova, pg_temp
-- FUNCTION nova.nova_event_state(event uuid) RETURNS TABLE(event_id uuid, event_type text, state text, reason text, created_at timestamp with time zone, started_at timestamp with time zone, on_kafka_at timestamp with time zone, dead_lettered_at timestamp with time zone) LANGUAGE sql STABLE SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.nova_id_of(event jsonb, field text, place text) RETURNS uuid LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.nova_mark_read(recipient_id uuid, up_to_id bigint) RETURNS integer LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.nova_meant(word text, among text[]) RETURNS text[] LANGUAGE sql IMMUTABLE SET search_path=nova, pg_temp
-- FUNCTION nova.nova_misspelt_fields(schema jsonb, payload jsonb) RETURNS TABLE(given text, meant text) LANGUAGE sql IMMUTABLE SET search_path=nova, pg_temp
-- FUNCTION nova.nova_near_misses(word text, among text[]) RETURNS text LANGUAGE sql IMMUTABLE SET search_path=nova, pg_temp
-- FUNCTION nova.nova_payload_fault(schema jsonb, payload jsonb, OUT field text, OUT fault text) RETURNS record LANGUAGE plpgsql IMMUTABLE SET search_path=nova, pg_temp
-- FUNCTION nova.nova_preferences(user_id uuid) RETURNS TABLE(kind text, channel text, enabled boolean, is_default boolean, locked boolean) LANGUAGE sql STABLE SET search_path=nova, pg_temp
-- FUNCTION nova.nova_publish(type text, payload jsonb, id uuid DEFAULT NULL::uuid, aggregate_id uuid DEFAULT NULL::uuid, priority text DEFAULT NULL::text, schema_version integer DEFAULT NULL::integer, traceparent text DEFAULT NULL::text) RETURNS uuid LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.nova_publish_many(events jsonb) RETURNS SETOF uuid LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.nova_refuse(code text, problem text, field text DEFAULT ''::text) RETURNS void LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.nova_set_preference(user_id uuid, kind text, channel text, enabled boolean) RETURNS void LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.nova_signal_deleted(p_subject_type text, p_subject_id text, p_aggregate uuid, p_hold_ms integer, p_reason text) RETURNS TABLE(workflow_id uuid) LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.nova_value_fault(rule jsonb, value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_accept(move uuid, p_above bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_after_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_after_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_after_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_amend_dead_letter(event uuid, p_sequence bigint, p_was text, p_payload jsonb, p_act jsonb) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_before_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_cancel_move(move uuid, again uuid DEFAULT NULL::uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_claim(p_token uuid, p_lease interval, p_lanes integer[], p_floor integer, p_heads integer, p_rows integer, p_paused text[], p_max_payload integer, p_alone_after integer DEFAULT 3, p_unread_after integer DEFAULT 6, p_run integer DEFAULT 9) RETURNS TABLE(id uuid, aggregate_id uuid, aggregate_type text, event_type text, payload jsonb, payload_bytes integer, created_at text, created_at_ms bigint, sequence bigint, priority smallint, schema_version integer, traceparent text, retry_count integer, claim_count integer, first_attempt_age_ms bigint, unfinished_claims integer, claim_ms integer) LANGUAGE plpgsql SET enable_bitmapscan=off SET enable_mergejoin=off SET enable_seqscan=off SET enable_sort=off SET jit=off SET plan_cache_mode=force_generic_plan SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_days_ahead() RETURNS integer LANGUAGE sql STABLE SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_discard_dead_letters(p_events uuid[], p_sequences bigint[], p_act jsonb) RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_emit_again(p_from timestamp with time zone, p_to timestamp with time zone, p_types text[], p_limit integer, p_act jsonb) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_ensure_partitions(days_ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_expect(move uuid, from_outbox text, wanted text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_hand_over(move uuid, to_outbox text, wanted text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_let_go(move uuid, p_aggregates uuid[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_make_writer_locks(p_aggregates uuid[]) RETURNS uuid[] LANGUAGE plpgsql SET lock_timeout=5ms SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_mark_moves() RETURNS void LANGUAGE sql SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_note_switch(move uuid) RETURNS TABLE(transaction text, pid integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_open(move uuid, p_aggregates uuid[], p_events uuid[], p_sequences bigint[]) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_payload_bytes(payload jsonb) RETURNS integer LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_read_dead_letter(event uuid, p_sequence bigint, p_act jsonb) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_refresh_heads(p_aggregates uuid[], p_floors bigint[], p_rest interval DEFAULT NULL::interval) RETURNS void LANGUAGE plpgsql SET enable_bitmapscan=off SET enable_mergejoin=off SET enable_seqscan=off SET enable_sort=off SET jit=off SET plan_cache_mode=force_generic_plan SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_release_hold(event uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_repair_heads() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET enable_nestloop=off SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_unemitted(p_aggregates uuid[], p_up_to bigint[], p_types text[], p_rows_per_aggregate integer, p_rows integer, p_bytes bigint, p_max_payload integer) RETURNS TABLE(id uuid, created_at text, aggregate_id uuid, sequence bigint, event_type text, schema_version integer, payload text, payload_bytes integer, traceparent text, published boolean) LANGUAGE plpgsql SET plan_cache_mode=force_generic_plan SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_widen_past() RETURNS boolean LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.outbox_write_act(p_act jsonb, p_command text, p_done integer, p_ids text[], p_details jsonb) RETURNS void LANGUAGE plpgsql SET search_path=nova, pg_temp
-- FUNCTION nova.post_is_voided(post uuid, author uuid, seq bigint) RETURNS boolean LANGUAGE sql STABLE SET search_path=nova, pg_temp
-- FUNCTION nova.signal_holds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.tombstone_hold(p_subject_type text, p_subject_id text, p_hold_ms double precision, p_reason text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path=nova, pg_temp
-- FUNCTION nova.tombstone_holds(held_until timestamp with time zone) RETURNS boolean LANGUAGE sql STABLE SET search_path=nova, pg_temp
-- FUNCTION nova.tombstone_of_signal() RETURNS trigger LANGUAGE plpgsql SET search_path=nova, pg_temp

-- State: what workflows learned from events and did. In a database of its own, or beside an outbox. Bridge, workers and operators' tools
-- know it; services do not, except for those that own follows or a settings page (docs/runbook.md, "Rights").

-- What the audit found, until it is resolved or a person has acknowledged it.
CREATE TABLE audit_findings (
  event_id text NOT NULL,
  kind text NOT NULL,
  detail text NOT NULL,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  resolved_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_because text,
  PRIMARY KEY (event_id, kind)
);
CREATE INDEX idx_audit_findings_closed ON audit_findings (last_seen) WHERE resolved_at IS NOT NULL OR acknowledged_at IS NOT NULL;
CREATE INDEX idx_audit_findings_open ON audit_findings (kind) WHERE resolved_at IS NULL AND acknowledged_at IS NULL;

-- What each audit looked at and counted.
CREATE TABLE audit_runs (
  audit_id text NOT NULL,
  origin text NOT NULL,
  window_from timestamptz NOT NULL,
  window_to timestamptz NOT NULL,
  records_to timestamptz,
  rows_seen bigint NOT NULL,
  runs_seen bigint NOT NULL,
  records_seen bigint NOT NULL,
  counts jsonb NOT NULL,
  unexplained integer NOT NULL,
  notes jsonb NOT NULL,
  took_ms integer NOT NULL,
  ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  place bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (audit_id),
  CHECK (origin IN ('schedule', 'demand'))
);
CREATE INDEX idx_audit_runs_ended ON audit_runs (ended_at);

-- Whose message or comment it is; of posts post_states says it.
CREATE TABLE content_owners (
  content_type text NOT NULL,
  content_id uuid NOT NULL,
  owner_id uuid NOT NULL,
  post_id uuid,
  PRIMARY KEY (content_type, content_id),
  CHECK (content_type IN ('message', 'comment'))
);
CREATE INDEX idx_content_owners_post ON content_owners (post_id) WHERE post_id IS NOT NULL;

-- Further runs of an event, asked for by an operator.
CREATE TABLE event_replays (
  event_id uuid NOT NULL,
  number integer NOT NULL,
  reason text,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  PRIMARY KEY (event_id, number),
  CHECK (number > 0)
);

-- The Redis that holds the feeds: which life it is in, and what it lost.
CREATE TABLE feed_stores (
  name text NOT NULL,
  epoch bigint NOT NULL,
  identity text NOT NULL,
  beat bigint NOT NULL,
  beat_at timestamptz NOT NULL,
  lost_at timestamptz,
  lost_since timestamptz,
  lost_reason text,
  repaired_epoch bigint NOT NULL,
  repaired_at timestamptz,
  eviction text,
  PRIMARY KEY (name)
);

CREATE TABLE follow_changes (
  followee_id uuid NOT NULL,
  follower_id uuid NOT NULL,
  sequence bigint NOT NULL,
  following boolean NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (followee_id, follower_id)
);
CREATE INDEX idx_follow_changes_age ON follow_changes (changed_at);
COMMENT ON TABLE follow_changes IS 'The newest change of each follow, by event or by hand; kept by nova_apply_follow and by triggers of follows.';

-- Who follows whom. Written by events, or by the service that owns follows.
CREATE TABLE follows (
  followee_id uuid NOT NULL,
  follower_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (followee_id, follower_id)
);
CREATE INDEX idx_follows_follower ON follows (follower_id, followee_id);

-- The delivery ledger: one row per notice, recipient and channel. At most once per row.
CREATE TABLE notification_deliveries (
  event_id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  channel text NOT NULL,
  kind text NOT NULL,
  state text NOT NULL,
  claim_token uuid,
  claimed_at timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  sent_at timestamptz,
  provider_id text,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (event_id, recipient_id, channel),
  CHECK (state IN ('pending', 'claimed', 'sent', 'failed', 'unknown', 'skipped'))
);
CREATE INDEX idx_deliveries_age ON notification_deliveries (created_at);
CREATE INDEX idx_deliveries_open ON notification_deliveries (channel, state) WHERE state IN ('pending', 'claimed', 'unknown');
CREATE INDEX idx_deliveries_pending ON notification_deliveries (event_id, channel, recipient_id) WHERE state = 'pending';
CREATE INDEX idx_deliveries_skipped ON notification_deliveries (created_at) WHERE state = 'skipped' AND channel <> 'in_app';
CREATE INDEX idx_deliveries_unfinished_age ON notification_deliveries (created_at) WHERE state IN ('pending', 'claimed');

-- Kinds of notice and channels. Written by `npm run migrate`; never by hand.
CREATE TABLE notification_kinds (
  kind text NOT NULL,
  channel text NOT NULL,
  on_default boolean NOT NULL,
  locked boolean NOT NULL,
  PRIMARY KEY (kind, channel)
);

-- What a person switched on or off. What is not here is as notification_kinds says.
CREATE TABLE notification_preferences (
  user_id uuid NOT NULL,
  kind text NOT NULL,
  channel text NOT NULL,
  enabled boolean NOT NULL,
  PRIMARY KEY (user_id, kind, channel)
);
-- NOT VALID as in databases that had rows before there was this rule.
ALTER TABLE notification_preferences ADD CONSTRAINT notification_preferences_known
  FOREIGN KEY (kind, channel) REFERENCES notification_kinds (kind, channel) NOT VALID;

-- Notices: the inbox, and what the delivery of the other channels is about.
CREATE TABLE notifications (
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
  created_at timestamptz NOT NULL DEFAULT now(),
  read_at timestamptz,
  retracted_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (event_id, recipient_id)
);
CREATE INDEX idx_notifications_actor ON notifications (actor_id) WHERE retracted_at IS NULL;
CREATE INDEX idx_notifications_follow ON notifications (actor_id, recipient_id) WHERE kind = 'follow.received' AND retracted_at IS NULL;
CREATE INDEX idx_notifications_inbox ON notifications (recipient_id, id DESC) WHERE in_app AND retracted_at IS NULL;
CREATE INDEX idx_notifications_reaction ON notifications (item_id) WHERE item_type = 'reaction' AND retracted_at IS NULL;
CREATE INDEX idx_notifications_read_age ON notifications (read_at) WHERE read_at IS NOT NULL AND in_app AND retracted_at IS NULL;
CREATE INDEX idx_notifications_subject ON notifications (subject_type, subject_id) WHERE retracted_at IS NULL;
CREATE INDEX idx_notifications_unlisted ON notifications (created_at) WHERE NOT (in_app AND retracted_at IS NULL);
CREATE INDEX idx_notifications_unread ON notifications (recipient_id) WHERE in_app AND read_at IS NULL AND retracted_at IS NULL;
CREATE INDEX idx_notifications_unseen_age ON notifications (created_at) WHERE NOT in_app OR retracted_at IS NOT NULL;

-- Uploads, from their completion until a post has them or their window is over.
CREATE TABLE parked_media (
  media_id uuid NOT NULL,
  upload_id uuid NOT NULL,
  user_id uuid NOT NULL,
  event_id uuid NOT NULL,
  state text NOT NULL,
  post_id uuid,
  uploaded_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT now(),
  for_post uuid,
  PRIMARY KEY (media_id),
  CHECK ((state = 'linked') = (post_id IS NOT NULL)),
  CHECK (state IN ('parked', 'linked', 'unclaimed'))
);
CREATE INDEX idx_parked_media_for_post ON parked_media (for_post) WHERE for_post IS NOT NULL AND state <> 'linked';
CREATE INDEX idx_parked_media_unclaimed_age ON parked_media (parked_at) WHERE state = 'unclaimed';
CREATE INDEX idx_parked_media_user ON parked_media (user_id, uploaded_at) WHERE state <> 'linked';

-- Which media a post has.
CREATE TABLE post_media (
  post_id uuid NOT NULL,
  media_id uuid NOT NULL,
  event_id uuid NOT NULL,
  linked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (post_id, media_id)
);
CREATE INDEX idx_post_media_media ON post_media (media_id);

-- Posts as events say they are: newest status, delivery, and what a feed shows.
CREATE TABLE post_states (
  post_id uuid NOT NULL,
  author_id uuid NOT NULL,
  status text NOT NULL,
  delivery text,
  score_ms bigint NOT NULL,
  summary jsonb NOT NULL DEFAULT '{}',
  summary_sequences jsonb NOT NULL DEFAULT '{}',
  sequence bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (post_id),
  CHECK (delivery IN ('push', 'pull')),
  CHECK (status IN ('draft', 'published', 'archived', 'deleted'))
);
CREATE INDEX idx_post_states_author ON post_states (author_id, score_ms DESC, post_id DESC) WHERE status = 'published';
CREATE INDEX idx_post_states_pushed ON post_states (author_id, post_id) WHERE delivery = 'push';
CREATE INDEX idx_post_states_undeleted ON post_states (author_id) WHERE status <> 'deleted';

-- Authors with so many followers that readers merge their posts.
CREATE TABLE pull_authors (
  author_id uuid NOT NULL,
  follower_count bigint NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (author_id)
);

-- How often an actor may reach a recipient over a channel.
CREATE TABLE send_allowances (
  actor_id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  channel text NOT NULL,
  window_began timestamptz NOT NULL,
  used integer NOT NULL,
  PRIMARY KEY (actor_id, recipient_id, channel)
);
CREATE INDEX idx_send_allowances_age ON send_allowances (window_began);

-- What was deleted, so that nothing of it goes out any more.
CREATE TABLE tombstones (
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  sequence bigint,
  final boolean NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  held_until timestamptz,
  PRIMARY KEY (subject_type, subject_id)
);
CREATE INDEX idx_tombstones_final_age ON tombstones (created_at) WHERE subject_type IN ('post', 'message', 'comment') AND final;
CREATE INDEX idx_tombstones_held ON tombstones (held_until) WHERE held_until IS NOT NULL;
CREATE INDEX idx_tombstones_lapsing ON tombstones (created_at) WHERE subject_type IN ('reaction', 'follow') AND NOT final AND sequence IS NOT NULL;
CREATE INDEX idx_tombstones_reaction_age ON tombstones (created_at) WHERE subject_type = 'reaction' AND NOT final;
COMMENT ON COLUMN tombstones.held_until IS 'A service signalled the delete: nothing of the subject goes out until then. Null: no signal.';

-- Posts with media that name none.
CREATE TABLE unnamed_claims (
  post_id uuid NOT NULL,
  user_id uuid NOT NULL,
  event_id uuid NOT NULL,
  posted_at timestamptz NOT NULL,
  PRIMARY KEY (post_id)
);
CREATE INDEX idx_unnamed_claims_age ON unnamed_claims (posted_at);
CREATE INDEX idx_unnamed_claims_user ON unnamed_claims (user_id, posted_at);

-- People as identity events say they are.
CREATE TABLE user_profiles (
  user_id uuid NOT NULL,
  username text,
  display_name text,
  avatar_url text,
  is_verified boolean NOT NULL DEFAULT false,
  email text,
  state text NOT NULL DEFAULT 'active',
  sequence bigint NOT NULL,
  field_sequences jsonb NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id),
  CHECK (state IN ('active', 'hidden', 'deleted'))
);
CREATE INDEX idx_user_profiles_hidden ON user_profiles (user_id) WHERE state <> 'active';

-- Media that posts name, uploaded or not.
CREATE TABLE wanted_media (
  media_id uuid NOT NULL,
  post_id uuid NOT NULL,
  user_id uuid NOT NULL,
  event_id uuid NOT NULL,
  wanted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (media_id, post_id)
);
CREATE INDEX idx_wanted_media_age ON wanted_media (wanted_at);

-- What each person's inbox lists, as client/inbox.ts reads it: no notice taken back, none of a hidden or deleted actor.
CREATE VIEW nova_inbox AS
  SELECT n.recipient_id, n.id, n.event_id, n.kind, n.actor_id, n.subject_type, n.subject_id, n.item_type, n.item_id, n.created_at,
         n.read_at IS NOT NULL AS read, n.read_at
  FROM notifications n
  WHERE n.in_app AND n.retracted_at IS NULL
    AND NOT EXISTS (SELECT FROM user_profiles u WHERE u.user_id = n.actor_id AND u.state <> 'active');

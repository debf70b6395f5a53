-- Notifications and the ledger of what was delivered.

CREATE TABLE notifications (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id     uuid NOT NULL,
  recipient_id uuid NOT NULL,
  kind         text NOT NULL,          -- contracts/notification-kinds.ts
  actor_id     uuid,                   -- who caused it; null for the system
  subject_type text NOT NULL,          -- what it is about: 'post', 'message', 'comment', 'reaction', 'user', 'stream'
  subject_id   text NOT NULL,
  sequence     bigint NOT NULL,        -- of the event; a later tombstone of the subject retracts it
  created_at   timestamptz NOT NULL DEFAULT now(),
  read_at      timestamptz,
  retracted_at timestamptz,
  UNIQUE (event_id, recipient_id)
);
-- The unread count is counted, not kept: a counter beside the rows would drift from them.
CREATE INDEX idx_notifications_unread ON notifications (recipient_id) WHERE read_at IS NULL AND retracted_at IS NULL;
CREATE INDEX idx_notifications_inbox ON notifications (recipient_id, id DESC) WHERE retracted_at IS NULL;
CREATE INDEX idx_notifications_subject ON notifications (subject_type, subject_id);
CREATE INDEX idx_notifications_actor ON notifications (actor_id) WHERE retracted_at IS NULL;

-- One row per event, recipient and channel, claimed before the send: the lasting guard against a second delivery.
CREATE TABLE notification_deliveries (
  event_id     uuid NOT NULL,
  recipient_id uuid NOT NULL,
  channel      text NOT NULL,
  kind         text NOT NULL,
  -- claimed → sent | failed (refused for ever) | unknown (the answer was lost: never sent again by itself) | pending (a try failed cleanly)
  state        text NOT NULL CHECK (state IN ('pending', 'claimed', 'sent', 'failed', 'unknown', 'skipped')),
  claim_token  uuid,
  claimed_at   timestamptz,
  attempts     integer NOT NULL DEFAULT 0,
  sent_at      timestamptz,
  provider_id  text,                   -- the provider's own id of the message
  reason       text,                   -- why failed, unknown or skipped; a code, never an address
  PRIMARY KEY (event_id, recipient_id, channel)
);
CREATE INDEX idx_deliveries_open ON notification_deliveries (channel, state) WHERE state IN ('pending', 'claimed', 'unknown');

CREATE TABLE notification_preferences (
  user_id uuid NOT NULL,
  kind    text NOT NULL,
  channel text NOT NULL,
  enabled boolean NOT NULL,
  PRIMARY KEY (user_id, kind, channel)
);

-- Who owns the messages and comments that events point to (posts: post_states).
CREATE TABLE content_owners (
  content_type text NOT NULL CHECK (content_type IN ('message', 'comment')),
  content_id   uuid NOT NULL,
  owner_id     uuid NOT NULL,
  PRIMARY KEY (content_type, content_id)
);

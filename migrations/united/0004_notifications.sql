-- Notifications and the ledger of what was delivered (docs/decisions/0004-delivery-ledger.md).

-- One row per event and person to be told, on whatever channels.
CREATE TABLE notifications (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id     uuid NOT NULL,
  recipient_id uuid NOT NULL,
  kind         text NOT NULL,          -- contracts/notification-kinds.ts
  actor_id     uuid,                   -- who caused it; null for the system
  subject_type text NOT NULL,          -- what it is about and goes with: 'post', 'message', 'comment', 'user', 'stream'
  subject_id   text NOT NULL,
  item_type    text NOT NULL,          -- what exactly happened: 'comment', 'reaction', 'alert', … or the subject itself
  item_id      text NOT NULL,          -- the UUID, or target:user:emoji for a reaction
  sequence     bigint NOT NULL,        -- of the event; a later tombstone of the subject retracts it
  in_app       boolean NOT NULL,       -- listed in the inbox; false when the person switched that off for this kind
  created_at   timestamptz NOT NULL DEFAULT now(),
  read_at      timestamptz,
  retracted_at timestamptz,
  UNIQUE (event_id, recipient_id)
);
-- The unread count is counted, not kept: a counter beside the rows would drift from them.
CREATE INDEX idx_notifications_unread ON notifications (recipient_id) WHERE in_app AND read_at IS NULL AND retracted_at IS NULL;
CREATE INDEX idx_notifications_inbox ON notifications (recipient_id, id DESC) WHERE in_app AND retracted_at IS NULL;
-- The three ways a notification is taken back: with its subject, alone, or with whoever caused it.
CREATE INDEX idx_notifications_subject ON notifications (subject_type, subject_id) WHERE retracted_at IS NULL;
CREATE INDEX idx_notifications_reaction ON notifications (item_id) WHERE item_type = 'reaction' AND retracted_at IS NULL;
CREATE INDEX idx_notifications_actor ON notifications (actor_id) WHERE retracted_at IS NULL;

-- One row per event, recipient and channel, claimed before the send: the lasting guard against a second delivery.
CREATE TABLE notification_deliveries (
  event_id     uuid NOT NULL,
  recipient_id uuid NOT NULL,
  channel      text NOT NULL,
  kind         text NOT NULL,
  -- pending → claimed → sent | failed (refused for ever) | unknown (the answer was lost: never sent again by itself)
  --                   → pending (surely not sent: the next try takes it) | skipped (not wanted any more, or not possible)
  state        text NOT NULL CHECK (state IN ('pending', 'claimed', 'sent', 'failed', 'unknown', 'skipped')),
  claim_token  uuid,                   -- of the activity attempt that claimed it last; only that one may settle it
  claimed_at   timestamptz,
  attempts     integer NOT NULL DEFAULT 0,
  sent_at      timestamptz,
  provider_id  text,                   -- the provider's own id of the message
  reason       text,                   -- why failed, unknown, skipped or pending again; a code, never an address
  PRIMARY KEY (event_id, recipient_id, channel)
);
-- The claim: the next pending delivery of one event on one channel.
CREATE INDEX idx_deliveries_pending ON notification_deliveries (event_id, channel, recipient_id) WHERE state = 'pending';
-- What people look at: deliveries that wait, hang or need a decision.
CREATE INDEX idx_deliveries_open ON notification_deliveries (channel, state) WHERE state IN ('pending', 'claimed', 'unknown');

-- What a person said; where nothing is said the defaults of contracts/notification-kinds.ts hold.
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
  post_id      uuid,                   -- of a comment: its reactions go when the post goes
  PRIMARY KEY (content_type, content_id)
);
CREATE INDEX idx_content_owners_post ON content_owners (post_id) WHERE post_id IS NOT NULL;

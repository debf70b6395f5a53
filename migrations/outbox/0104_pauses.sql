-- Event types that a person holds back for a while: their rows wait in order, and cost a claim nothing. Every bridge reads this with its
-- report, every two seconds. A pause ends by itself; a row whose end is over means nothing, and the next pause of its type replaces it.
CREATE TABLE outbox_pauses (
  event_type text PRIMARY KEY,
  reason     text NOT NULL,
  paused_by  text NOT NULL,
  paused_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_at    timestamptz NOT NULL
);
COMMENT ON TABLE outbox_pauses IS 'Event types that a person has paused (`ops pause`), and until when.';
COMMENT ON COLUMN outbox_pauses.event_type IS 'As the catalogue spells it, or as the rows do when it does not know it; *: every type.';

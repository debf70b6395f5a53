-- Channels that a person holds back for a while: no delivery is claimed, so none is tried and none counts an attempt. A pause ends by itself.
CREATE TABLE delivery_pauses (
  channel   text PRIMARY KEY,
  reason    text NOT NULL,
  paused_by text NOT NULL,
  paused_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_at   timestamptz NOT NULL
);
COMMENT ON TABLE delivery_pauses IS 'Channels of delivery that a person has paused (`ops pause channel:email`), and until when.';

-- Domains that go from one outbox to another while their service writes (docs/outboxes.md, "Moving").
CREATE TABLE outbox_moves (
  id           uuid NOT NULL,
  direction    text NOT NULL CHECK (direction IN ('out', 'in')),
  -- Name of the outbox on the other side, which has a row of the same id.
  other        text NOT NULL,
  domains      text[] NOT NULL,
  begun_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Out: rows are refused here from then on. Numbered, for transactions whose snapshot is older.
  number       bigint,
  -- Out: a sequence that no row of the domains here is above, from when no writer is open. In: one that they are all above.
  floor        bigint,
  -- In: rows are taken here from then on; bridges start them; no aggregate waits any more.
  accepted_at  timestamptz,
  opened_at    timestamptz,
  ended_at     timestamptz,
  -- It did not come to the switch, or the switch was taken back.
  cancelled_at timestamptz,
  PRIMARY KEY (id, direction)
);
COMMENT ON TABLE outbox_moves IS 'Domains that came from another outbox or went to one. Kept: effects look for what came before an event in the outbox of then.';

-- Number of the last switch. A sequence shows its value to every transaction, whatever its snapshot.
CREATE SEQUENCE outbox_switches MINVALUE 0 START 0;

ALTER TABLE outbox_event_types ADD COLUMN domain text, ADD COLUMN moving text CHECK (moving IN ('gone', 'expected', 'closed')), ADD COLUMN moves_with text;
CREATE INDEX idx_event_types_closed ON outbox_event_types (spelling) WHERE moving = 'closed';
COMMENT ON COLUMN outbox_event_types.domain IS 'Written by `npm run migrate`.';
COMMENT ON COLUMN outbox_event_types.moving IS
  'From outbox_moves. gone: refused, since it is written in another outbox. expected: refused until that other outbox refuses it. closed: written, and not claimed yet.';

ALTER TABLE outbox_holds ADD COLUMN waits_for text;
COMMENT ON COLUMN outbox_holds.waits_for IS
  'The outbox that has earlier events of this aggregate, id among them, which are not on Kafka yet. Null: id is a dead letter here.';

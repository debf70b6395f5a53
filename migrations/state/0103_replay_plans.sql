-- Replays of many events at once: what an operator asked for, frozen at that moment, and what came of each. A workflow works a plan off
-- (`replayWorkflow`), so that it goes on when the operator's machine does not.
CREATE TABLE replay_plans (
  name text PRIMARY KEY,
  filter jsonb NOT NULL,
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$')
);
CREATE INDEX idx_replay_plans_age ON replay_plans (requested_at);
COMMENT ON COLUMN replay_plans.filter IS 'As it was asked for: type, since, status, code, build, aggregate, found.';

-- In the order in which they are worked off: per outbox that of writing.
CREATE TABLE replay_items (
  plan text NOT NULL REFERENCES replay_plans ON DELETE CASCADE,
  place integer NOT NULL,
  event_id uuid NOT NULL,
  outbox text NOT NULL,
  event_type text NOT NULL,
  workflow_id text NOT NULL,
  run_id uuid,
  reset_to integer,
  step text,
  why text NOT NULL,
  state text NOT NULL DEFAULT 'planned',
  attempted_at timestamptz,
  new_run text,
  remark text,
  PRIMARY KEY (plan, place),
  UNIQUE (plan, event_id),
  CHECK (state IN ('planned', 'started', 'completed', 'failed', 'healed', 'refused')),
  CHECK ((run_id IS NULL) = (reset_to IS NULL))
);
CREATE INDEX idx_replay_items_open ON replay_items (plan, state, place) WHERE state IN ('planned', 'started');
COMMENT ON COLUMN replay_items.workflow_id IS 'The event id, or that of an earlier replay: <event id>/replay-<n>.';
COMMENT ON COLUMN replay_items.run_id IS 'The run that is taken up again. Null: there is none any more, and a further one is started.';
COMMENT ON COLUMN replay_items.reset_to IS 'Event of its history: the completed workflow task that is taken back with all that follows.';
COMMENT ON COLUMN replay_items.step IS 'Activity that failed. Null: none did.';
COMMENT ON COLUMN replay_items.why IS 'Why the run ended, one line that begins with a code.';
COMMENT ON COLUMN replay_items.state IS
  'healed: when its turn came, a run of it was open or completed. refused: it cannot be replayed, remark says why. failed: the new run ended badly, too.';
COMMENT ON COLUMN replay_items.attempted_at IS 'Before Temporal is asked: a worker that dies after that leaves it known that the new run is ours.';

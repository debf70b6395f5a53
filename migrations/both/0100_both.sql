-- What an outbox and State both have, each in its own database: to whom the database belongs, and whose turn it is at a chore.

CREATE TABLE deployment (
  -- One row at most.
  is_this               boolean PRIMARY KEY DEFAULT true CHECK (is_this),
  temporal_namespace    text NOT NULL,
  -- What Temporal calls it: another cluster may have a namespace of the same name.
  temporal_namespace_id text NOT NULL,
  task_queue_prefix     text NOT NULL,
  kafka_topic_prefix    text NOT NULL,
  recorded_at           timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE deployment IS 'The deployment that this database belongs to. Changed by `npm run migrate -- --adopt` alone.';

-- One row per chore that one process does at a time, on the database's clock: no session lock, so it works behind a pooler.
CREATE TABLE chores (
  name          text PRIMARY KEY,
  holder        text,                  -- the process that does it now
  token         uuid,                  -- of the turn in force: only its holder may renew or end it
  lease_until   timestamptz NOT NULL DEFAULT '-infinity',
  due_at        timestamptz NOT NULL DEFAULT '-infinity',
  last_began_at timestamptz,
  last_done_at  timestamptz,
  last_error    text,                  -- of the last turn; null when it went well
  report        jsonb                  -- what the last turn that went well found and did
);

-- Which text of each function this database has. Applied after the numbered files.
CREATE TABLE nova_functions (
  name       text PRIMARY KEY,
  revision   integer NOT NULL CHECK (revision > 0),
  checksum   text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE nova_functions IS 'Written by npm run migrate: the newest revision of each function, and the checksum of its text.';

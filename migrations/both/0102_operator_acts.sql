-- What people have done here with the operator's tools: who, when, why, what. An act that changes rows is written in the transaction
-- that changes them, so each database has those of its own. Their role may add to it and read it; it may change and delete nothing.
CREATE TABLE operator_acts (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- One command; of many rows it writes several acts, in several databases.
  invocation uuid NOT NULL,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Neither can be said by the one who writes: that right is withheld.
  login      text NOT NULL DEFAULT session_user,
  actor      text NOT NULL,
  host       text NOT NULL,
  command    text NOT NULL,
  reason     text,
  planned    integer NOT NULL,
  done       integer,
  ids        text[] NOT NULL DEFAULT '{}',
  details    jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE operator_acts IS 'Acts of people with the operator''s tools; listed by `ops acts`. Only ever added to.';
COMMENT ON COLUMN operator_acts.login IS 'The login of the database.';
COMMENT ON COLUMN operator_acts.actor IS 'Who it was, as the command says: OPS_ACTOR, else the user of the operating system.';
COMMENT ON COLUMN operator_acts.host IS 'User of the operating system, and the machine.';
COMMENT ON COLUMN operator_acts.planned IS 'What the whole command was to do, as its plan showed.';
COMMENT ON COLUMN operator_acts.done IS 'What is done of it here. Null: begun outside of this database; another act of the command says how it ended.';
COMMENT ON COLUMN operator_acts.ids IS 'Of what was done: event ids, names of deliveries, people.';
CREATE INDEX idx_operator_acts_at ON operator_acts (at);
-- Who touched this event, and was it discarded?
CREATE INDEX idx_operator_acts_ids ON operator_acts USING gin (ids);

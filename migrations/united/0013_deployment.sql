-- Which deployment this database belongs to: written by `npm run migrate`, compared by every bridge and worker at its start
-- and again and again. Without it a process with another namespace or prefix takes part in silence: claims are shared, so
-- half of the events are started where no process of ours works on them, and are marked as published all the same.
CREATE TABLE deployment (
  -- One row at most.
  is_this                 boolean PRIMARY KEY DEFAULT true CHECK (is_this),
  temporal_namespace      text NOT NULL,
  -- What Temporal calls it: another cluster may have a namespace of the same name.
  temporal_namespace_id   text NOT NULL,
  task_queue_prefix       text NOT NULL,
  kafka_topic_prefix      text NOT NULL,
  recorded_at             timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE deployment IS 'The deployment that this database belongs to. Changed by `npm run migrate -- --adopt` alone.';

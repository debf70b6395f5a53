-- What started workflows wait for a worker, as workers see it: bridges start no more than is begun without a wait, so that a backlog waits
-- in the outbox, where priorities hold, and not in Temporal's task queues. Unlogged: what is lost is written again within a tenth of a second.
CREATE UNLOGGED TABLE start_waits (
  instance_id text NOT NULL,
  task_queue  text NOT NULL,
  wait_ms     float8 NOT NULL,
  reported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (instance_id, task_queue)
) WITH (fillfactor = 20);
COMMENT ON TABLE start_waits IS 'How long started workflows wait until a worker begins their first step, by worker process and task queue.';
COMMENT ON COLUMN start_waits.wait_ms IS 'Milliseconds, the median of the last tenth of a second in which there were starts, less the least of the last ten minutes.';

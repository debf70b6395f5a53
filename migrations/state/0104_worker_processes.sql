-- Worker processes say that they live, and which task queues they take tasks from. Temporal lists the pollers of a process that was
-- killed for minutes, and counts them as living until a task has waited.
CREATE TABLE worker_processes (
  instance_id  text PRIMARY KEY,
  task_queues  text[] NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
COMMENT ON TABLE worker_processes IS 'Worker processes and the task queues that they serve; each reports every three seconds while it takes tasks.';
COMMENT ON COLUMN worker_processes.instance_id IS 'Its identity in Temporal: the poller of this name is this process.';

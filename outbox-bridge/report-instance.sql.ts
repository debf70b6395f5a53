/**
 * One row per bridge process, so that people and the audit see what each is doing. It also deletes rows of processes
 * that ended long ago. Returns what a person has paused in this outbox.
 */
export const reportInstance = `
  WITH gone AS (DELETE FROM nova.bridge_instances WHERE heartbeat_at < now() - interval '1 hour'),
  reported AS (
  INSERT INTO nova.bridge_instances (instance_id, state, reason, paused_types) VALUES ($1, $2, $3, $4)
  ON CONFLICT (instance_id) DO UPDATE
    SET state = excluded.state, reason = excluded.reason, paused_types = excluded.paused_types, heartbeat_at = now())
  SELECT event_type AS "eventType", reason, paused_by AS "pausedBy", ends_at AS "endsAt",
    (extract(epoch FROM ends_at - clock_timestamp()) * 1000)::float8 AS "leftMs"
  FROM nova.outbox_pauses WHERE ends_at > clock_timestamp()`;

/** How often a process that serves so many outboxes reports to each. An audit takes one that has not reported for 30 s for gone. */
export const reportInstanceMs = (outboxes: number): number => Math.min(15_000, Math.max(2_000, 50 * outboxes));

export const removeInstance = `DELETE FROM nova.bridge_instances WHERE instance_id = $1`;

/** Signalled deletes that State does not have yet, the oldest first. $1 limit */
export const newSignals = `
  SELECT subject_type AS "subjectType", subject_id AS "subjectId", reason, signalled_at::text AS "signalledAt",
    (extract(epoch FROM held_until - clock_timestamp()) * 1000)::float8 AS "holdMs"
  FROM nova.outbox_signals WHERE copied_at IS NULL ORDER BY signalled_at LIMIT $1`;

/** Not one that was signalled again meanwhile: it is to be brought once more. $1 to $3 types, ids and times as read */
export const signalsCopied = `
  UPDATE nova.outbox_signals s SET copied_at = clock_timestamp()
  FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS brought (subject_type, subject_id, signalled_at)
  WHERE s.subject_type = brought.subject_type AND s.subject_id = brought.subject_id AND s.signalled_at = brought.signalled_at`;

/** $1 limit */
export const deleteLapsedSignals = `
  DELETE FROM nova.outbox_signals WHERE (subject_type, subject_id) IN (
    SELECT subject_type, subject_id FROM nova.outbox_signals
    WHERE held_until < clock_timestamp() - interval '1 hour' ORDER BY held_until LIMIT $1 FOR UPDATE SKIP LOCKED)`;

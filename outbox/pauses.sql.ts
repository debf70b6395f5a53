/** In the place of an event type: all of them. */
export const everyType = '*';

/** $1 type, $2 reason, $3 who, $4 milliseconds. Again: the newest holds. */
export const pauseType = `
  INSERT INTO nova.outbox_pauses (event_type, reason, paused_by, ends_at)
  VALUES ($1, $2, $3, clock_timestamp() + $4::double precision * interval '1 millisecond')
  ON CONFLICT (event_type) DO UPDATE
    SET reason = excluded.reason, paused_by = excluded.paused_by, paused_at = clock_timestamp(), ends_at = excluded.ends_at
  RETURNING event_type AS name`;

/** $1 types, or null: all that there are. Returns those that were in force. */
export const resumeTypes = `
  WITH gone AS (DELETE FROM nova.outbox_pauses WHERE $1::text[] IS NULL OR event_type = ANY ($1::text[]) RETURNING event_type, ends_at)
  SELECT event_type AS name FROM gone WHERE ends_at > clock_timestamp()`;

export const pausesOfTypes = `
  SELECT event_type AS name, reason, paused_by AS "pausedBy", paused_at AS "pausedAt", ends_at AS "endsAt"
  FROM nova.outbox_pauses WHERE ends_at > clock_timestamp() ORDER BY event_type`;

/** The same of channels, in State. $1 channel, $2 reason, $3 who, $4 milliseconds */
export const pauseChannel = `
  INSERT INTO nova.delivery_pauses (channel, reason, paused_by, ends_at)
  VALUES ($1, $2, $3, clock_timestamp() + $4::double precision * interval '1 millisecond')
  ON CONFLICT (channel) DO UPDATE
    SET reason = excluded.reason, paused_by = excluded.paused_by, paused_at = clock_timestamp(), ends_at = excluded.ends_at
  RETURNING channel AS name`;

/** $1 channels */
export const resumeChannels = `
  WITH gone AS (DELETE FROM nova.delivery_pauses WHERE channel = ANY ($1::text[]) RETURNING channel, ends_at)
  SELECT channel AS name FROM gone WHERE ends_at > clock_timestamp()`;

export const pausesOfChannels = `
  SELECT channel AS name, reason, paused_by AS "pausedBy", paused_at AS "pausedAt", ends_at AS "endsAt"
  FROM nova.delivery_pauses WHERE ends_at > clock_timestamp() ORDER BY channel`;

/** In the place of an event type: all of them. */
export const everyType = '*';

/** The statements on pauses of one kind. */
const pausesOf = (table: 'outbox_pauses' | 'delivery_pauses', key: 'event_type' | 'channel') => ({
  pause: `
  INSERT INTO nova.${table} (${key}, reason, paused_by, ends_at)
  VALUES ($1, $2, $3, clock_timestamp() + $4::double precision * interval '1 millisecond')
  ON CONFLICT (${key}) DO UPDATE
    SET reason = excluded.reason, paused_by = excluded.paused_by, paused_at = clock_timestamp(), ends_at = excluded.ends_at
  RETURNING ${key} AS name`,
  resume: (which: string) => `
  WITH gone AS (DELETE FROM nova.${table} WHERE ${which} RETURNING ${key}, ends_at)
  SELECT ${key} AS name FROM gone WHERE ends_at > clock_timestamp()`,
  inForce: `
  SELECT ${key} AS name, reason, paused_by AS "pausedBy", paused_at AS "pausedAt", ends_at AS "endsAt"
  FROM nova.${table} WHERE ends_at > clock_timestamp() ORDER BY ${key}`,
});
const ofTypes = pausesOf('outbox_pauses', 'event_type');
const ofChannels = pausesOf('delivery_pauses', 'channel');

/** $1 type, $2 reason, $3 who, $4 milliseconds. Again: the newest holds. */
export const pauseType = ofTypes.pause;

/** $1 types, or null: all that there are. Returns those that were in force. */
export const resumeTypes = ofTypes.resume('$1::text[] IS NULL OR event_type = ANY ($1::text[])');

export const pausesOfTypes = ofTypes.inForce;

/** The same of channels, in State. $1 channel, $2 reason, $3 who, $4 milliseconds */
export const pauseChannel = ofChannels.pause;

/** $1 channels */
export const resumeChannels = ofChannels.resume('channel = ANY ($1::text[])');

export const pausesOfChannels = ofChannels.inForce;

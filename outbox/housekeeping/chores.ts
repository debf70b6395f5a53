/** What the housekeeping of State is called in its table of chores; that of an outbox: `housekeepingChore`. */
export const stateHousekeepingChore = 'state_housekeeping';

/** Which process has the turn at a chore, $1. */
export const holderOfChore = `SELECT holder FROM nova.chores WHERE name = $1`;

/** How long ago the last turn at State ended well, and how many outboxes did not say what they have. */
export const lastOfState = `
  SELECT extract(epoch FROM clock_timestamp() - last_done_at)::float8 AS age_seconds,
    (SELECT count(*) FROM jsonb_object_keys(coalesce(report -> 'silent', '{}'))) AS silent
  FROM nova.chores WHERE name = '${stateHousekeepingChore}'`;

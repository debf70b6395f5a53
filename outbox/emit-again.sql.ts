import { started } from './states.sql';

/** Rows that a look counts at most; what is above is `more`. */
export const countedToSendAgain = 10_000;

/** What Kafka acknowledged within a time, by type, among the first such rows. $1 from, $2 to, $3 spellings or null */
export const emittedByType = `
  SELECT event_type AS "eventType", count(*) AS count, min(emitted_at) AS first, max(emitted_at) AS last FROM (
    SELECT event_type, emitted_at FROM nova.outbox_events
    WHERE emitted_at >= $1 AND emitted_at < $2 AND emitted_at IS NOT NULL AND ${started()}
      AND ($3::text[] IS NULL OR event_type = ANY ($3::text[]))
    ORDER BY emitted_at, id LIMIT ${countedToSendAgain}) first
  GROUP BY event_type ORDER BY count(*) DESC`;

/** $1 from, $2 to, $3 spellings or null, $4 rows at most, $5 act */
export const emitAgain = `SELECT nova.outbox_emit_again($1, $2, $3, $4, $5) AS rows`;

import { rfc3339 } from '../runtime/sql-time';
import { unemitted } from './states.sql';

/**
 * What is still under way in an outbox, by event type, spelled as written; no row of it read beyond the first $1. `upTo` is the
 * instant of the look. Ordered, so that without statistics, too, the index of unemitted rows is read and no history.
 */
export const underWay = `
  SELECT ${rfc3339('now()')} AS "upTo", u.event_type AS "eventType", ${rfc3339('u.oldest')} AS oldest, u.rows
  FROM (SELECT) AS look LEFT JOIN (
    SELECT event_type, min(created_at) AS oldest, count(*) AS rows FROM (
      SELECT event_type, created_at FROM nova.outbox_events WHERE ${unemitted()} ORDER BY aggregate_id, sequence LIMIT $1
    ) first GROUP BY event_type
  ) u ON true`;

/** Types that are written in another outbox now (outbox_moves): no row of them comes here any more. */
export const typesGone = `SELECT DISTINCT event_type AS type FROM nova.outbox_event_types WHERE moving = 'gone'`;

/**
 * Notes how far an outbox is, for each type of content; null: as far as before. Not again within $4 milliseconds, whichever bridge
 * noted it. Of the notes older than $5 milliseconds the newest stays; and none from before a clock was set back.
 * $1 outbox, $2 content types, $3 instants
 */
export const noteProgress = `
  WITH outdated AS (
    DELETE FROM nova.outbox_progress p WHERE p.outbox = $1 AND (
      p.reported_at > clock_timestamp() + interval '1 minute'
      -- The domain has come back.
      OR (p.done_before = 'infinity' AND EXISTS (
        SELECT FROM unnest($2::text[], $3::timestamptz[]) AS given (content_type, done_before)
        WHERE given.content_type = p.content_type AND given.done_before < 'infinity'))
      OR p.reported_at < (
        SELECT max(n.reported_at) FROM nova.outbox_progress n WHERE n.outbox = p.outbox AND n.content_type = p.content_type
          AND n.reported_at < clock_timestamp() - $5::bigint * interval '1 millisecond'))
  )
  INSERT INTO nova.outbox_progress (outbox, content_type, done_before)
  SELECT $1::text, given.content_type, coalesce(given.done_before, max(p.done_before), '-infinity')
  FROM unnest($2::text[], $3::timestamptz[]) AS given (content_type, done_before)
  LEFT JOIN nova.outbox_progress p
    ON p.outbox = $1 AND p.content_type = given.content_type AND p.reported_at <= clock_timestamp() + interval '1 minute'
  GROUP BY given.content_type, given.done_before
  HAVING NOT coalesce(max(p.reported_at) > clock_timestamp() - $4::bigint * interval '1 millisecond', false)
  ON CONFLICT DO NOTHING`;

/**
 * Whether an outbox may still have an event, written before an instant, that creates content of this type: one that reported
 * within $4 milliseconds, and has not been beyond the instant for $3 milliseconds. $1 content type, $2 epoch milliseconds
 */
export const isComing = `
  SELECT EXISTS (
    SELECT FROM nova.outbox_progress p WHERE p.content_type = $1
    GROUP BY p.outbox
    HAVING max(p.reported_at) > clock_timestamp() - $4::bigint * interval '1 millisecond'
      AND NOT bool_or(p.done_before > to_timestamp($2::double precision / 1000)
        AND p.reported_at <= clock_timestamp() - $3::bigint * interval '1 millisecond')
  ) AS coming`;

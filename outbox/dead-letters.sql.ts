import { dead, started } from './states.sql';

/** The statements of the desk for dead letters. Only the three functions at the end reach a payload. */

/** What holds of every dead letter of a shape: ids, numbers and notes of people taken out of the first line of the reason. */
const fingerprint = (reason: string): string => `
  regexp_replace(regexp_replace(left(split_part(split_part(${reason}, '; hold released ', 1), E'\\n', 1), 300),
    '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', '<id>', 'gi'), '[0-9]+([.][0-9]+)?', '#', 'g')`;

/** Read at most, the newest. */
const mostGrouped = 100_000;

/** $1 code or null, $2 spellings or null, $3 groups at most */
export const groups = `
  SELECT code, "eventType", reason, count(*) AS count, min(at) AS first, max(at) AS last,
    (array_agg(id ORDER BY at DESC))[1] AS example
  FROM (
    SELECT id, event_type AS "eventType", dead_lettered_at AS at, split_part(coalesce(last_error, ''), ':', 1) AS code,
      ${fingerprint(`coalesce(last_error, '')`)} AS reason
    FROM (
      SELECT id, event_type, dead_lettered_at, last_error FROM nova.outbox_events WHERE ${dead()}
        AND ($1::text IS NULL OR last_error LIKE $1 || ':%') AND ($2::text[] IS NULL OR event_type = ANY ($2::text[]))
      ORDER BY dead_lettered_at DESC LIMIT ${mostGrouped}
    ) newest
  ) shaped
  GROUP BY code, "eventType", reason ORDER BY count(*) DESC, max(at) DESC LIMIT $3`;

/** Dead letters by what they failed of, in the order in which they were written. $1 code or null, $2 spellings or null, $3 limit */
export const lettersOf = `
  SELECT id, "eventType", code FROM (
    SELECT id, sequence, event_type AS "eventType", split_part(coalesce(last_error, ''), ':', 1) AS code
    FROM nova.outbox_events WHERE ${dead()}
      AND ($1::text IS NULL OR last_error LIKE $1 || ':%') AND ($2::text[] IS NULL OR event_type = ANY ($2::text[]))
    ORDER BY dead_lettered_at LIMIT $3
  ) oldest ORDER BY sequence`;

/** Everything of these but their payload. $1 ids */
export const lettersWithIds = `
  SELECT id, event_type AS "eventType", aggregate_type AS "aggregateType", aggregate_id AS "aggregateId", priority,
    schema_version AS "schemaVersion", sequence, created_at AS "createdAt", dead_lettered_at AS "deadLetteredAt",
    published_at AS "publishedAt", first_attempt_at AS "firstAttemptAt", retry_count AS "retryCount", claim_count AS "claimCount",
    unfinished_claims AS "unfinishedClaims", last_error AS "lastError", ${started()} AS started
  FROM nova.outbox_events WHERE id = ANY ($1::uuid[]) AND ${dead()} ORDER BY sequence`;

/** $1 id, $2 sequence, $3 act */
export const readLetter = `SELECT nova.outbox_read_dead_letter($1, $2, $3) AS payload`;
/** $1 id, $2 sequence, $3 SHA-256 of the payload as it was, $4 payload, $5 act */
export const amendLetter = `SELECT nova.outbox_amend_dead_letter($1, $2, $3, $4, $5) AS amended`;
/** $1 payload; as PostgreSQL writes it, which is what its functions compare */
export const hashOf = `SELECT encode(sha256(convert_to($1::jsonb::text, 'UTF8')), 'hex') AS hash`;
/** $1 ids, $2 sequences, $3 act */
export const discardLetters = `SELECT id FROM nova.outbox_discard_dead_letters($1, $2, $3) AS id`;

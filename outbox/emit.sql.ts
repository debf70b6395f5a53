import { maxPayloadBytes } from '../contracts/parse-event';
import { rfc3339 } from '../runtime/sql-time';
import { dead, emitted, started, unemittedByKey } from './states.sql';

/** Bounds of one read. A flush makes one read, and one more for each topic behind other topics. */
const rowsPerAggregate = 100;
const rowsPerRead = 500;
/** Bytes of text, as sent and as held in memory. The last row may pass it by its own size, so add maxPayloadBytes. */
const bytesPerRead = 2 * 1024 * 1024;

/** In a function, so that its plan over all partitions is made once per connection (0014_emit.sql). */
export const selectUnemitted = `
  SELECT id AS "eventId", created_at AS "createdAt", aggregate_id AS "aggregateId", sequence, event_type AS "eventType",
    schema_version AS "schemaVersion", payload, payload_bytes AS "payloadBytes", traceparent, published AS started
  FROM nova.outbox_unemitted($1, $2, $3, ${rowsPerAggregate}, ${rowsPerRead}, ${bytesPerRead}, ${maxPayloadBytes})`;

/** The bounds on created_at let the planner drop the other partitions before it starts. */
const wantedRows = `
  FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS wanted (id, created_at, place)
  JOIN nova.outbox_events o ON o.id = wanted.id AND o.created_at = wanted.created_at
  WHERE o.created_at BETWEEN $3::timestamptz AND $4::timestamptz`;

const createdAt = rfc3339('o.created_at');

export const selectStates = `
  SELECT o.id AS "eventId", ${createdAt} AS "createdAt", ${emitted('o.')} AS emitted,
    ${dead('o.')} AS "deadLettered" ${wantedRows}`;

/** What of it is over the bound is left for the next flush. */
export const selectGivenUp = `
  WITH measured AS (
    SELECT o.*, wanted.place, nova.outbox_payload_bytes(o.payload) AS bytes ${wantedRows}
      AND o.emitted_at IS NULL AND ${dead('o.')}
  ), bounded AS (
    SELECT *, sum(greatest(bytes, 0)) OVER (ORDER BY place) - greatest(bytes, 0) AS bytes_before FROM measured
  )
  SELECT o.id AS "eventId", ${createdAt} AS "createdAt", o.aggregate_id AS "aggregateId", o.sequence,
    o.event_type AS "eventType", o.schema_version AS "schemaVersion",
    CASE WHEN o.bytes BETWEEN 0 AND ${maxPayloadBytes} THEN o.payload::text END AS payload, o.bytes AS "payloadBytes",
    o.traceparent, ${started('o.')} AS started
  FROM bounded o WHERE bytes_before < ${bytesPerRead} ORDER BY o.aggregate_id, o.sequence`;

/** Row locks in the order of the sequence; `mark` tries again when the bridge marks the same rows in another. */
const locked = `
  SELECT o.id, o.created_at FROM unnest($1::uuid[], $2::timestamptz[]) AS wanted (id, created_at)
  JOIN nova.outbox_events o ON o.id = wanted.id AND o.created_at = wanted.created_at
  WHERE o.created_at BETWEEN $3::timestamptz AND $4::timestamptz
  ORDER BY o.sequence FOR NO KEY UPDATE OF o`;

/** The dead-letter mark of a started row was the emitter’s, and is over; that of a row not started is the bridge's. */
export const updateEmitted = `
  WITH locked AS (${locked})
  UPDATE nova.outbox_events o SET emitted_at = clock_timestamp(),
    dead_lettered_at = CASE WHEN o.published_at IS NULL THEN o.dead_lettered_at END,
    last_error = CASE WHEN o.published_at IS NULL THEN o.last_error END
  FROM locked WHERE o.id = locked.id AND o.created_at = locked.created_at
    AND o.created_at BETWEEN $3::timestamptz AND $4::timestamptz`;

export const updateRefused = `
  WITH locked AS (${locked}), refused AS (SELECT * FROM unnest($1::uuid[], $5::text[]) AS refused (id, reason))
  UPDATE nova.outbox_events o SET dead_lettered_at = clock_timestamp(), last_error = refused.reason
  FROM locked JOIN refused USING (id) WHERE o.id = locked.id AND o.created_at = locked.created_at
    AND o.created_at BETWEEN $3::timestamptz AND $4::timestamptz
    AND ${unemittedByKey('o.')}`;

/** Fails on a server that cannot write, which may be a former primary: what is not there may be on its successor. */
export const failUnlessWritable = 'SELECT FROM nova.outbox_events WHERE false FOR KEY SHARE';

import { rfc3339 } from '../runtime/sql-time';
import { started } from './states.sql';

/** By the full primary key, so that only one partition is looked into. $1 id, $2 created_at */
export const payloadByKey = `
  SELECT event_type, schema_version, payload FROM nova.outbox_events WHERE id = $1 AND created_at = $2::timestamptz`;

/** Fails on a server that cannot write, which may be a former primary: what is not there may be on its successor. */
export const payloadByKeyForSure = `${payloadByKey} FOR KEY SHARE`;

/** The first event of some types in an aggregate before another. $1 aggregate, $2 sequence, $3 spellings */
export const creationOf = `
  SELECT id, event_type AS "eventType", schema_version AS "schemaVersion", aggregate_type AS "aggregateType",
    aggregate_id AS "aggregateId", sequence, priority, traceparent, ${rfc3339('created_at')} AS "createdAt",
    -- Never later than now, as the claim has it: a post dated ahead would stay on top of every feed.
    (extract(epoch FROM least(created_at, clock_timestamp())) * 1000)::bigint AS "createdAtMs"
  FROM nova.outbox_events
  WHERE aggregate_id = $1 AND sequence < $2 AND event_type = ANY ($3) AND dead_lettered_at IS NULL
  ORDER BY sequence LIMIT 1`;

/** Up to the event that asks: whatever came later is not the first. $1 aggregate, $2 sequence, $3 spellings, $4 what its payload has */
export const firstPublication = `
  SELECT id FROM nova.outbox_events
  WHERE aggregate_id = $1 AND sequence <= $2 AND event_type = ANY ($3) AND payload @> $4::jsonb
    AND dead_lettered_at IS NULL
  ORDER BY sequence LIMIT 1`;

/**
 * Those of the last events of an aggregate before another that have a run, and are of some types: under one id there may be events
 * of another service, which are none of the other's history. $1 aggregate, $2 sequence, $3 how many are looked at, $4 spellings
 */
export const startedBefore = `
  SELECT id FROM (
    SELECT id, event_type FROM nova.outbox_events
    WHERE aggregate_id = $1 AND sequence < $2 AND ${started()}
    ORDER BY sequence DESC LIMIT $3
  ) last WHERE event_type = ANY ($4)`;

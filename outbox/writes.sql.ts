/** With casts, for drivers that send types: as jsonb some of them would turn the text into a JSON string once more. */
export const insertRow = `
  INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload, aggregate_type, priority, schema_version, traceparent)
  VALUES ($1::uuid, $2::uuid, $3, $4::text::jsonb, $5, $6, $7, $8)`;

/**
 * One text parameter, so that every driver can send it. The rows are inserted, and their aggregates locked, in the order of
 * their aggregate ids: two such statements never wait for each other in a circle. `place` keeps the order of the events within
 * an aggregate.
 */
export const insertRows = `
  INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload, aggregate_type, priority, schema_version, traceparent)
  SELECT r.id, r.aggregate_id, r.event_type, r.payload::jsonb, r.aggregate_type, r.priority, r.schema_version, r.traceparent
  FROM json_to_recordset($1::text::json) AS r (
    place integer, id uuid, aggregate_id uuid, event_type text, payload json, aggregate_type text, priority smallint,
    schema_version integer, traceparent text
  )
  ORDER BY r.aggregate_id, r.place`;

/** Whether a text is one of the two, in whatever schema. */
export function insertsRows(sql: string): boolean {
  return /^\s*INSERT INTO \S+\.outbox_events\b/.test(sql);
}

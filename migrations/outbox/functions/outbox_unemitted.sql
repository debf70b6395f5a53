-- Revision 1.
-- The first unemitted rows of each aggregate up to the sequence given with it: aggregates in the order given, rows in theirs;
-- of the event types p_types alone (every spelling of those that share a topic) unless that is NULL. Ends at p_rows rows or
-- with the row that reaches p_bytes bytes of text, so what comes is a prefix of each aggregate. `payload` is the row's text
-- as PostgreSQL writes it; NULL when it is larger than p_max_payload, or when there is no text of it: then payload_bytes is -1.
--
-- One plan per connection: planning over 50 partitions takes longer than the look itself.
CREATE OR REPLACE FUNCTION outbox_unemitted(
  p_aggregates uuid[], p_up_to bigint[], p_types text[], p_rows_per_aggregate integer, p_rows integer, p_bytes bigint,
  p_max_payload integer
) RETURNS TABLE (
  id uuid, created_at text, aggregate_id uuid, sequence bigint, event_type text, schema_version integer, payload text,
  payload_bytes integer, traceparent text, published boolean
) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
  candidates refcursor;
  candidate record;
  rows_left integer := p_rows;
  bytes_left bigint := p_bytes;
  last_place bigint := 0;
  last_sequence bigint := 0;
BEGIN
  -- LATERAL: a probe of a partial index per aggregate, whatever the planner thinks of the table's size.
  IF p_types IS NULL THEN
    OPEN candidates FOR
      SELECT wanted.place, o.* FROM unnest(p_aggregates, p_up_to) WITH ORDINALITY AS wanted (aggregate_id, up_to, place)
      CROSS JOIN LATERAL (
        SELECT e.id, e.created_at, e.aggregate_id, e.sequence, e.event_type, e.schema_version, e.payload, e.traceparent,
          e.published_at
        FROM outbox_events e
        WHERE e.aggregate_id = wanted.aggregate_id AND e.sequence <= wanted.up_to
          AND e.emitted_at IS NULL AND e.dead_lettered_at IS NULL
        ORDER BY e.sequence LIMIT p_rows_per_aggregate
      ) o;
  ELSE
    OPEN candidates FOR
      SELECT wanted.place, o.* FROM unnest(p_aggregates, p_up_to) WITH ORDINALITY AS wanted (aggregate_id, up_to, place)
      CROSS JOIN LATERAL (
        SELECT typed.* FROM unnest(p_types) AS wanted_type (spelling)
        CROSS JOIN LATERAL (
          SELECT e.id, e.created_at, e.aggregate_id, e.sequence, e.event_type, e.schema_version, e.payload, e.traceparent,
            e.published_at
          FROM outbox_events e
          WHERE e.aggregate_id = wanted.aggregate_id AND left(e.event_type, 64) = left(wanted_type.spelling, 64)
            AND e.event_type = wanted_type.spelling AND e.sequence <= wanted.up_to
            AND e.emitted_at IS NULL AND e.dead_lettered_at IS NULL
          ORDER BY e.sequence LIMIT p_rows_per_aggregate
        ) typed
        ORDER BY typed.sequence LIMIT p_rows_per_aggregate
      ) o;
  END IF;
  LOOP
    FETCH candidates INTO candidate;
    EXIT WHEN NOT FOUND;
    -- A sort over the whole would read every row before the first. The nested loop gives this order; this is its guard.
    IF (candidate.place, candidate.sequence) <= (last_place, last_sequence) THEN
      RAISE EXCEPTION 'outbox_unemitted: rows out of order';
    END IF;
    last_place := candidate.place;
    last_sequence := candidate.sequence;

    id := candidate.id;
    created_at := to_char(candidate.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    aggregate_id := candidate.aggregate_id;
    sequence := candidate.sequence;
    event_type := candidate.event_type;
    schema_version := candidate.schema_version;
    traceparent := candidate.traceparent;
    published := candidate.published_at IS NOT NULL;
    -- So small and not compressed, it cannot become long as text: the care is spent on the others.
    IF pg_column_size(candidate.payload) < 2000 AND pg_column_compression(candidate.payload) IS NULL THEN
      payload := candidate.payload::text;
      payload_bytes := octet_length(payload);
    ELSE
      payload_bytes := outbox_payload_bytes(candidate.payload);
      payload := CASE WHEN payload_bytes BETWEEN 0 AND p_max_payload THEN candidate.payload::text END;
    END IF;
    RETURN NEXT;
    rows_left := rows_left - 1;
    bytes_left := bytes_left - coalesce(octet_length(payload), 0);
    EXIT WHEN rows_left <= 0 OR bytes_left <= 0;
  END LOOP;
  CLOSE candidates;
END $$;

-- Revision 2.
-- Writes several events, all or none: a JSON array of objects with the arguments of nova_publish as their fields. Returns their
-- ids in the order of the array. Aggregates are locked in one order, so that two such calls do not block each other.
CREATE OR REPLACE FUNCTION nova_publish_many(events jsonb) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE
  event   jsonb;
  number  integer := 0;
  checked record;
  place   text;
  unknown text;
  ids     uuid[] := '{}';
  rows    jsonb[] := '{}';
  refusal text;
BEGIN
  IF events IS NULL OR jsonb_typeof(events) <> 'array' THEN
    refusal := nova_refuse('INVALID_ROW', format('nova_publish_many takes a JSON array of events and was given %s', coalesce(jsonb_typeof(events), 'null')));
  END IF;
  FOR event IN SELECT e FROM jsonb_array_elements(events) AS e LOOP
    number := number + 1;
    place := format('event %s of %s: ', number, jsonb_array_length(events));
    IF jsonb_typeof(event) <> 'object' THEN
      refusal := nova_refuse('INVALID_ROW', format('%smust be an object with type and payload, and is %s', place, jsonb_typeof(event)));
    END IF;
    SELECT k INTO unknown FROM jsonb_object_keys(event) AS k
    WHERE k NOT IN ('type', 'payload', 'id', 'aggregate_id', 'priority', 'schema_version', 'traceparent') LIMIT 1;
    IF unknown IS NOT NULL THEN
      refusal := nova_refuse('INVALID_ROW', format('%shas a field %s that nova_publish does not take; it takes type, payload, id, aggregate_id, '
        'priority, schema_version, traceparent', place, to_json(left(unknown, 60))));
    END IF;
    checked := nova_checked_event(event ->> 'type', event -> 'payload', nova_id_of(event, 'id', place), nova_id_of(event, 'aggregate_id', place),
      event ->> 'priority', (event ->> 'schema_version')::integer, place);
    ids := ids || checked.id;
    rows := rows || jsonb_build_object('id', checked.id, 'aggregate_id', checked.aggregate_id, 'event_type', checked.event_type,
      'payload', event -> 'payload', 'priority', checked.priority_number, 'schema_version', checked.schema_version,
      'traceparent', event -> 'traceparent');
  END LOOP;
  INSERT INTO outbox_events (id, aggregate_id, event_type, payload, priority, schema_version, traceparent)
  SELECT (r.one ->> 'id')::uuid, (r.one ->> 'aggregate_id')::uuid, r.one ->> 'event_type', r.one -> 'payload', (r.one ->> 'priority')::smallint,
    (r.one ->> 'schema_version')::integer, r.one ->> 'traceparent'
  FROM unnest(rows) WITH ORDINALITY AS r (one, place) ORDER BY (r.one ->> 'aggregate_id')::uuid, r.place;
  RETURN QUERY SELECT unnest(ids);
END $$;

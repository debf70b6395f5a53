-- Revision 3.
-- What nova_publish writes, after all checks. `place` stands before each message: which event of several it is.
CREATE OR REPLACE FUNCTION nova_checked_event(
  type text, payload jsonb, INOUT id uuid, INOUT aggregate_id uuid, priority text, INOUT schema_version integer, place text,
  OUT event_type text, OUT priority_number smallint
) LANGUAGE plpgsql AS $$
DECLARE
  known outbox_event_types;
  field text;
  fault text;
  meant text;
  bytes integer;
  key   text;
  refusal text;
BEGIN
  SELECT * INTO known FROM outbox_event_types t WHERE t.spelling = type;
  IF known.spelling IS NULL THEN
    meant := nova_near_misses(type, ARRAY(SELECT DISTINCT t.event_type FROM outbox_event_types t));
    refusal := nova_refuse('UNKNOWN_EVENT_TYPE', format('%sevent type %s is not in the catalogue (docs/events.md)%s', place,
      coalesce(to_json(left(type, 100))::text, 'null'), meant));
  END IF;
  IF NOT known.allowed THEN
    refusal := nova_refuse('DOMAIN_NOT_ALLOWED', format('%sevents of type %s are written by the service that owns them, and this database is '
      'another''s (`domains` in OUTBOXES)', place, known.event_type));
  END IF;
  event_type := known.event_type;
  place := place || event_type || ': ';
  priority_number := array_position(ARRAY['critical', 'high', 'normal', 'low'], priority) - 1;
  IF priority IS NOT NULL AND priority_number IS NULL THEN
    refusal := nova_refuse('INVALID_ROW', format('%spriority %s is not one of critical, high, normal, low; leave it out for that of the type',
      place, to_json(left(priority, 20))));
  END IF;
  priority_number := coalesce(priority_number, known.priority);
  schema_version := coalesce(schema_version, known.newest_version, known.schema_version);
  IF schema_version NOT BETWEEN 1 AND coalesce(known.newest_version, schema_version) THEN
    refusal := nova_refuse('UNSUPPORTED_VERSION', format('%sschema_version %s: this database knows 1 to %s. Leave it out for the newest, or run '
      '`npm run migrate` of the version that knows it', place, schema_version, known.newest_version));
  END IF;
  IF payload IS NULL OR jsonb_typeof(payload) <> 'object' THEN
    refusal := nova_refuse('INVALID_PAYLOAD', format('%spayload must be a JSON object and is %s%s', place, coalesce(jsonb_typeof(payload), 'null'),
      CASE WHEN jsonb_typeof(payload) = 'string' THEN ': it was encoded twice; give the object, or its JSON text once' ELSE '' END));
  END IF;
  -- An older version has the field names of then, which the bridge brings to today's.
  IF schema_version = known.newest_version THEN
    SELECT f.field, f.fault INTO field, fault FROM nova_payload_fault(known.payload_schema, payload) f;
    IF fault IS NOT NULL THEN
      refusal := nova_refuse('INVALID_PAYLOAD', format('%s%s %s', place, coalesce('field ' || field, 'the payload'), fault), field);
    END IF;
    FOR field, meant IN SELECT * FROM nova_misspelt_fields(known.payload_schema, payload) LOOP
      RAISE WARNING USING MESSAGE = format('%sthe payload has a field %s that its schema does not know; it is kept and sent on. Did you mean %s?',
        place, to_json(left(field, 60)), meant), COLUMN = left(field, 60);
    END LOOP;
  END IF;
  -- As the bridge measures it.
  bytes := CASE WHEN pg_column_size(payload) < 2000 THEN octet_length(payload::text) ELSE outbox_payload_bytes(payload) END;
  IF bytes > known.max_payload_bytes THEN
    refusal := nova_refuse('PAYLOAD_TOO_LARGE', format('%sthe payload has %s bytes as JSON; the limit is %s. Store the content elsewhere, and give its '
      'id or URL', place, bytes, known.max_payload_bytes));
  END IF;
  key := payload ->> known.key_field;
  IF aggregate_id IS NULL THEN
    IF key IS NULL OR key !~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN
      refusal := nova_refuse('INVALID_ROW', format('%saggregate_id is missing, and the payload has no UUID in %s to take it from; give aggregate_id',
        place, coalesce(known.key_field, 'its key field')));
    END IF;
    aggregate_id := key::uuid;
  ELSIF known.aggregate_is_key AND key IS NOT NULL AND lower(key) <> aggregate_id::text THEN
    refusal := nova_refuse('INVALID_ROW', format('%saggregate_id must be %s of the payload (%s) and is %s: else its events have no order. Leave '
      'aggregate_id out', place, known.key_field, lower(left(key, 100)), aggregate_id), 'aggregate_id');
  END IF;
  -- A new id is a UUIDv7, which begins with the time: new rows are beside each other in the index of ids.
  id := coalesce(id, encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
    substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid);
END $$;

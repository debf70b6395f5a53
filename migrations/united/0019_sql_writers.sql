-- What services in other languages call (docs/sql.md): nova_publish and nova_publish_many write events and refuse what can be
-- known to be wrong, views and functions read inboxes and preferences. Everything here is added, so that processes of the version
-- before go on working. Every function here runs with the rights of its caller.

-- What is checked before an event is written. Filled from contracts/catalogue.ts by `npm run migrate`.
ALTER TABLE outbox_event_types
  ADD COLUMN newest_version    integer,
  -- Payload field that is the Kafka key and, where nothing else is given, the aggregate.
  ADD COLUMN key_field         text,
  ADD COLUMN aggregate_is_key  boolean NOT NULL DEFAULT false,
  ADD COLUMN max_payload_bytes integer NOT NULL DEFAULT 786432,
  -- JSON Schema of the payload of the newest version: what docs/events has.
  ADD COLUMN payload_schema    jsonb;

-- Letters to insert, delete or replace until one word is the other.
CREATE FUNCTION nova_edit_distance(one text, other text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  a      text[] := string_to_array(lower(left(one, 60)), NULL);
  b      text[] := string_to_array(lower(left(other, 60)), NULL);
  above  integer[] := ARRAY(SELECT generate_series(0, cardinality(b)));
  line   integer[];
BEGIN
  FOR i IN 1 .. cardinality(a) LOOP
    line := ARRAY[i];
    FOR j IN 1 .. cardinality(b) LOOP
      line[j + 1] := least(line[j] + 1, above[j + 1] + 1, above[j] + CASE WHEN a[i] = b[j] THEN 0 ELSE 1 END);
    END LOOP;
    above := line;
  END LOOP;
  RETURN above[cardinality(b) + 1];
END $$;

-- "; did you mean …?" of the words that are nearest and near enough to be meant, or an empty text.
CREATE FUNCTION nova_near_misses(word text, among text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce('; did you mean ' || string_agg(near.known, ' or ' ORDER BY near.known) || '?', '')
  FROM (SELECT d.known, d.distance, rank() OVER (ORDER BY d.distance) AS place
        FROM (SELECT known, nova_edit_distance(coalesce(word, ''), known) AS distance FROM unnest(among) AS known) d) near
  WHERE near.place = 1 AND near.distance <= greatest(2, length(word) / 4)
$$;

-- What is wrong with one value, by the part of a JSON Schema that the catalogue uses, in words that follow the field's name.
-- Null: nothing. No value is named: it may be content.
CREATE FUNCTION nova_value_fault(rule jsonb, value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  wanted text := rule ->> 'type';
  kind   text := jsonb_typeof(value);
  plain  text;
  amount numeric;
  fault  text;
BEGIN
  IF wanted IS NOT NULL AND kind <> (CASE wanted WHEN 'integer' THEN 'number' ELSE wanted END) THEN
    RETURN format('must be of type %s and is %s', wanted, kind);
  END IF;
  IF rule ? 'enum' AND NOT (rule -> 'enum') @> value THEN
    RETURN 'must be one of ' || (SELECT string_agg(e.known, ', ') FROM jsonb_array_elements_text(rule -> 'enum') AS e (known));
  END IF;
  IF kind = 'string' THEN
    plain := value #>> '{}';
    IF length(plain) > (rule ->> 'maxLength')::integer THEN
      RETURN format('is longer than %s characters', rule ->> 'maxLength');
    ELSIF length(plain) < (rule ->> 'minLength')::integer THEN
      RETURN format('is shorter than %s characters', rule ->> 'minLength');
    ELSIF plain !~ (rule ->> 'pattern') THEN
      RETURN 'is not ' || CASE rule ->> 'format' WHEN 'uuid' THEN 'a UUID' WHEN 'email' THEN 'an e-mail address'
        WHEN 'date-time' THEN 'a time like 2026-01-31T12:00:00Z (RFC 3339, with its offset)' ELSE 'of the form that docs/events asks for' END;
    ELSIF rule ->> 'format' = 'uri' AND position(':' IN plain) = 0 THEN
      RETURN 'is not a URL with its scheme, like https://example.org/a';
    END IF;
  ELSIF kind = 'number' THEN
    amount := value::numeric;
    IF amount < (rule ->> 'minimum')::numeric THEN RETURN format('is less than %s', rule ->> 'minimum'); END IF;
    IF amount > (rule ->> 'maximum')::numeric THEN RETURN format('is more than %s', rule ->> 'maximum'); END IF;
    IF wanted = 'integer' AND amount <> trunc(amount) THEN RETURN 'must be a whole number'; END IF;
  ELSIF kind = 'array' THEN
    IF jsonb_array_length(value) > (rule ->> 'maxItems')::integer THEN
      RETURN format('has more than %s elements', rule ->> 'maxItems');
    END IF;
    FOR i IN 0 .. jsonb_array_length(value) - 1 LOOP
      fault := nova_value_fault(rule -> 'items', value -> i);
      IF fault IS NOT NULL THEN RETURN format('has an element (number %s) that %s', i + 1, fault); END IF;
    END LOOP;
  END IF;
  RETURN NULL;
END $$;

-- The first fault of a payload, in words, and its field. Both null: none. Fields that the schema does not know are let through.
CREATE FUNCTION nova_payload_fault(schema jsonb, payload jsonb, OUT field text, OUT fault text) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  rules jsonb := coalesce(schema -> 'properties', '{}');
  given jsonb;
BEGIN
  FOR field IN SELECT jsonb_array_elements_text(schema -> 'required') LOOP
    CONTINUE WHEN payload ? field AND jsonb_typeof(payload -> field) <> 'null';
    fault := CASE WHEN payload ? field THEN 'is required and is null' ELSE 'is required and is missing' END
      || CASE WHEN rules -> field ->> 'format' = 'uuid' THEN ': give it a UUID' ELSE ': give it a value of type ' || (rules -> field ->> 'type') END
      || nova_near_misses(field, ARRAY(SELECT k FROM jsonb_object_keys(payload) AS k WHERE NOT rules ? k));
    RETURN;
  END LOOP;
  FOR field, given IN SELECT * FROM jsonb_each(payload) LOOP
    CONTINUE WHEN NOT rules ? field;
    IF jsonb_typeof(given) = 'null' THEN fault := 'is null: leave the field out';
    ELSE fault := nova_value_fault(rules -> field, given); END IF;
    IF fault IS NOT NULL THEN RETURN; END IF;
  END LOOP;
  field := NULL;
  -- "not": fields that may not be there together with certain values of others.
  IF schema ? 'not' AND payload ?& ARRAY(SELECT jsonb_array_elements_text(schema -> 'not' -> 'required'))
     AND NOT EXISTS (SELECT FROM jsonb_each(schema -> 'not' -> 'properties') AS p (name, rule) WHERE payload -> p.name <> p.rule -> 'const') THEN
    field := schema -> 'not' -> 'required' ->> -1;
    fault := coalesce(schema -> 'not' ->> 'description', 'may not be there beside the others');
    RETURN;
  END IF;
  IF jsonb_path_exists(payload, '$.** ? (@.type() == "number" && (@ > 1e308 || @ < -1e308))') THEN
    fault := 'has a number beyond what JSON readers can hold (1e308)';
  ELSIF jsonb_path_exists(payload, 'strict $.**{100} ? (@.type() == "object" || @.type() == "array")') THEN
    fault := 'is nested deeper than 100 levels';
  ELSIF jsonb_path_exists(payload, '$.** ? (exists (@."__proto__"))') THEN
    fault := 'has a key named "__proto__"';
  END IF;
END $$;

-- SQLSTATE 22023 (invalid_parameter_value). The constraint's name is the failure code of docs/failures.md, for programs.
CREATE FUNCTION nova_refuse(code text, problem text, field text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = code || ': ' || problem, CONSTRAINT = code, COLUMN = coalesce(field, '');
END $$;

-- What nova_publish writes, after all checks. `place` stands before each message: which event of several it is.
CREATE FUNCTION nova_checked_event(
  type text, payload jsonb, INOUT id uuid, INOUT aggregate_id uuid, priority text, INOUT schema_version integer, place text,
  OUT event_type text, OUT priority_number smallint
) LANGUAGE plpgsql AS $$
DECLARE
  known outbox_event_types;
  field text;
  fault text;
  bytes integer;
  key   text;
BEGIN
  SELECT * INTO known FROM outbox_event_types t WHERE t.spelling = type;
  IF known.spelling IS NULL THEN
    PERFORM nova_refuse('UNKNOWN_EVENT_TYPE', format('%sevent type %s is not in the catalogue (docs/events.md)%s', place,
      coalesce(to_json(left(type, 100))::text, 'null'), nova_near_misses(type, ARRAY(SELECT DISTINCT t.event_type FROM outbox_event_types t))));
  END IF;
  event_type := known.event_type;
  place := place || event_type || ': ';
  priority_number := array_position(ARRAY['critical', 'high', 'normal', 'low'], priority) - 1;
  IF priority IS NOT NULL AND priority_number IS NULL THEN
    PERFORM nova_refuse('INVALID_ROW', format('%spriority %s is not one of critical, high, normal, low; leave it out for that of the type',
      place, to_json(left(priority, 20))));
  END IF;
  priority_number := coalesce(priority_number, known.priority);
  schema_version := coalesce(schema_version, known.newest_version, known.schema_version);
  IF schema_version NOT BETWEEN 1 AND coalesce(known.newest_version, schema_version) THEN
    PERFORM nova_refuse('UNSUPPORTED_VERSION', format('%sschema_version %s: this database knows 1 to %s. Leave it out for the newest, or run '
      '`npm run migrate` of the version that knows it', place, schema_version, known.newest_version));
  END IF;
  IF payload IS NULL OR jsonb_typeof(payload) <> 'object' THEN
    PERFORM nova_refuse('INVALID_PAYLOAD', format('%spayload must be a JSON object and is %s%s', place, coalesce(jsonb_typeof(payload), 'null'),
      CASE WHEN jsonb_typeof(payload) = 'string' THEN ': it was encoded twice; give the object, or its JSON text once' ELSE '' END));
  END IF;
  -- An older version has the field names of then, which the bridge brings to today's.
  IF schema_version = known.newest_version THEN
    SELECT f.field, f.fault INTO field, fault FROM nova_payload_fault(known.payload_schema, payload) f;
    IF fault IS NOT NULL THEN
      PERFORM nova_refuse('INVALID_PAYLOAD', format('%s%s %s', place, coalesce('field ' || field, 'the payload'), fault), field);
    END IF;
  END IF;
  -- As the bridge measures it.
  bytes := CASE WHEN pg_column_size(payload) < 2000 THEN octet_length(payload::text) ELSE outbox_payload_bytes(payload) END;
  IF bytes > known.max_payload_bytes THEN
    PERFORM nova_refuse('PAYLOAD_TOO_LARGE', format('%sthe payload has %s bytes as JSON; the limit is %s. Store the content elsewhere, and give its '
      'id or URL', place, bytes, known.max_payload_bytes));
  END IF;
  key := payload ->> known.key_field;
  IF aggregate_id IS NULL THEN
    IF key IS NULL OR key !~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN
      PERFORM nova_refuse('INVALID_ROW', format('%saggregate_id is missing, and the payload has no UUID in %s to take it from; give aggregate_id',
        place, coalesce(known.key_field, 'its key field')));
    END IF;
    aggregate_id := key::uuid;
  ELSIF known.aggregate_is_key AND key IS NOT NULL AND lower(key) <> aggregate_id::text THEN
    PERFORM nova_refuse('INVALID_ROW', format('%saggregate_id must be %s of the payload (%s) and is %s: else its events have no order. Leave '
      'aggregate_id out', place, known.key_field, lower(left(key, 100)), aggregate_id), 'aggregate_id');
  END IF;
  -- A new id is a UUIDv7, which begins with the time: new rows are beside each other in the index of ids.
  id := coalesce(id, encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
    substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid);
END $$;

-- Writes one event in the caller's transaction, and returns its id. Only type and payload are needed:
--   id              of the event and of its workflow; the same id again with the same payload is no second event
--   aggregate_id    what the event is about: the key field of the payload, for most types the only one allowed
--   priority        critical, high, normal or low; default: that of the type
--   schema_version  of the payload; default: the newest
--   traceparent     W3C trace context; carried to Kafka
CREATE FUNCTION nova_publish(
  type text, payload jsonb, id uuid DEFAULT NULL, aggregate_id uuid DEFAULT NULL, priority text DEFAULT NULL,
  schema_version integer DEFAULT NULL, traceparent text DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  checked record;
BEGIN
  checked := nova_checked_event(type, payload, id, aggregate_id, priority, schema_version, '');
  INSERT INTO outbox_events (id, aggregate_id, event_type, payload, priority, schema_version, traceparent)
  VALUES (checked.id, checked.aggregate_id, checked.event_type, payload, checked.priority_number, checked.schema_version, traceparent);
  RETURN checked.id;
END $$;

-- Writes several events, all or none: a JSON array of objects with the arguments of nova_publish as their fields. Returns their
-- ids in the order of the array. Aggregates are locked in one order, so that two such calls do not block each other.
CREATE FUNCTION nova_publish_many(events jsonb) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE
  event   jsonb;
  number  integer := 0;
  checked record;
  place   text;
  unknown text;
  ids     uuid[] := '{}';
  rows    jsonb[] := '{}';
BEGIN
  IF events IS NULL OR jsonb_typeof(events) <> 'array' THEN
    PERFORM nova_refuse('INVALID_ROW', format('nova_publish_many takes a JSON array of events and was given %s', coalesce(jsonb_typeof(events), 'null')));
  END IF;
  FOR event IN SELECT e FROM jsonb_array_elements(events) AS e LOOP
    number := number + 1;
    place := format('event %s of %s: ', number, jsonb_array_length(events));
    IF jsonb_typeof(event) <> 'object' THEN
      PERFORM nova_refuse('INVALID_ROW', format('%smust be an object with type and payload, and is %s', place, jsonb_typeof(event)));
    END IF;
    SELECT k INTO unknown FROM jsonb_object_keys(event) AS k
    WHERE k NOT IN ('type', 'payload', 'id', 'aggregate_id', 'priority', 'schema_version', 'traceparent') LIMIT 1;
    IF unknown IS NOT NULL THEN
      PERFORM nova_refuse('INVALID_ROW', format('%shas a field %s that nova_publish does not take; it takes type, payload, id, aggregate_id, '
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

CREATE FUNCTION nova_id_of(event jsonb, field text, place text) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
  IF event ->> field !~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN
    PERFORM nova_refuse('INVALID_ROW', format('%s%s is not a UUID', place, field), field);
  END IF;
  RETURN (event ->> field)::uuid;
END $$;

-- The kinds of notification and their channels. Filled from contracts/notification-kinds.ts by `npm run migrate`.
CREATE TABLE notification_kinds (
  kind       text NOT NULL,
  channel    text NOT NULL,
  -- Used when the person has said nothing.
  on_default boolean NOT NULL,
  -- No preference switches it off.
  locked     boolean NOT NULL,
  PRIMARY KEY (kind, channel)
);

-- A preference of a kind or channel that does not exist did nothing, in silence. Rows that are there already stay.
ALTER TABLE notification_preferences ADD CONSTRAINT notification_preferences_known
  FOREIGN KEY (kind, channel) REFERENCES notification_kinds (kind, channel) NOT VALID;

-- What each person's inbox lists, as client/inbox.ts reads it: no notice taken back, none of a hidden or deleted actor.
CREATE VIEW nova_inbox AS
  SELECT n.recipient_id, n.id, n.event_id, n.kind, n.actor_id, n.subject_type, n.subject_id, n.item_type, n.item_id, n.created_at,
         n.read_at IS NOT NULL AS read, n.read_at
  FROM notifications n
  WHERE n.in_app AND n.retracted_at IS NULL
    AND NOT EXISTS (SELECT FROM user_profiles u WHERE u.user_id = n.actor_id AND u.state <> 'active');

-- Every kind on every channel, and whether this person gets it: what they said, else the default; locked ones always.
CREATE FUNCTION nova_preferences(user_id uuid) RETURNS TABLE (kind text, channel text, enabled boolean, is_default boolean, locked boolean)
LANGUAGE sql STABLE AS $$
  SELECT k.kind, k.channel, k.locked OR coalesce(p.enabled, k.on_default), p.enabled IS NULL OR k.locked, k.locked
  FROM notification_kinds k
  LEFT JOIN notification_preferences p ON p.user_id = nova_preferences.user_id AND p.kind = k.kind AND p.channel = k.channel
  ORDER BY k.kind, k.channel
$$;

CREATE FUNCTION nova_set_preference(user_id uuid, kind text, channel text, enabled boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  known notification_kinds;
BEGIN
  SELECT * INTO known FROM notification_kinds k WHERE k.kind = nova_set_preference.kind AND k.channel = nova_set_preference.channel;
  IF known.kind IS NULL THEN
    PERFORM nova_refuse('INVALID_PREFERENCE', format('there is no kind %s on channel %s; kinds: %s; channels: %s',
      coalesce(to_json(left(kind, 60))::text, 'null'), coalesce(to_json(left(channel, 60))::text, 'null'),
      (SELECT string_agg(DISTINCT k.kind, ', ') FROM notification_kinds k), (SELECT string_agg(DISTINCT k.channel, ', ') FROM notification_kinds k)));
  ELSIF known.locked AND NOT enabled THEN
    PERFORM nova_refuse('INVALID_PREFERENCE', format('%s on channel %s cannot be switched off', kind, channel));
  END IF;
  INSERT INTO notification_preferences AS p (user_id, kind, channel, enabled)
  VALUES (nova_set_preference.user_id, known.kind, known.channel, nova_set_preference.enabled)
  ON CONFLICT ON CONSTRAINT notification_preferences_pkey DO UPDATE SET enabled = excluded.enabled;
END $$;

-- Marks what this person's inbox lists up to this id as read. Returns how many were not.
CREATE FUNCTION nova_mark_read(recipient_id uuid, up_to_id bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  marked integer;
BEGIN
  UPDATE notifications n SET read_at = now()
  WHERE n.recipient_id = nova_mark_read.recipient_id AND n.in_app AND n.read_at IS NULL AND n.retracted_at IS NULL AND n.id <= up_to_id;
  GET DIAGNOSTICS marked = ROW_COUNT;
  RETURN marked;
END $$;

-- Revision 2.
-- The first fault of a payload, in words, and its field. Both null: none. Fields that the schema does not know are let through.
CREATE OR REPLACE FUNCTION nova_payload_fault(schema jsonb, payload jsonb, OUT field text, OUT fault text) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  rules jsonb := coalesce(schema -> 'properties', '{}');
  given jsonb;
  meant text;
BEGIN
  FOR field IN SELECT jsonb_array_elements_text(schema -> 'required') LOOP
    CONTINUE WHEN payload ? field AND jsonb_typeof(payload -> field) <> 'null';
    meant := (nova_meant(field, ARRAY(SELECT k FROM jsonb_object_keys(payload) AS k WHERE NOT rules ? k)))[1];
    fault := CASE WHEN payload ? field THEN 'is required and is null' ELSE 'is required and is missing' END
      || CASE WHEN rules -> field ->> 'format' = 'uuid' THEN ': give it a UUID' ELSE ': give it a value of type ' || (rules -> field ->> 'type') END
      || coalesce(format('; the payload has %s: did you mean %s?', to_json(left(meant, 60)), field), '');
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

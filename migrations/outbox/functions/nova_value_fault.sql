-- Revision 2.
-- What is wrong with one value, by the part of a JSON Schema that the catalogue uses, in words that follow the field's name.
-- Null: nothing. No value is named: it may be content.
CREATE OR REPLACE FUNCTION nova_value_fault(rule jsonb, value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
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
      RETURN 'is not ' || CASE rule ->> 'format' WHEN 'uuid' THEN 'a UUID like 123e4567-e89b-12d3-a456-426614174000' WHEN 'email' THEN 'an e-mail address'
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

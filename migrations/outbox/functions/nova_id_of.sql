-- Revision 2.
CREATE OR REPLACE FUNCTION nova_id_of(event jsonb, field text, place text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  refusal text;
BEGIN
  IF event ->> field !~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN
    refusal := nova_refuse('INVALID_ROW', format('%s%s is not a UUID', place, field), field);
  END IF;
  RETURN (event ->> field)::uuid;
END $$;

-- Revision 1.
-- Letters to insert, delete or replace until one word is the other.
CREATE OR REPLACE FUNCTION nova_edit_distance(one text, other text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
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

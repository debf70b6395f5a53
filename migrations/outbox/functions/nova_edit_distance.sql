-- Revision 2.
-- Letters to insert, delete or replace, or to exchange with the next one, until one word is the other.
CREATE OR REPLACE FUNCTION nova_edit_distance(one text, other text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  a      text[] := string_to_array(lower(left(one, 60)), NULL);
  b      text[] := string_to_array(lower(left(other, 60)), NULL);
  before integer[];
  above  integer[] := ARRAY(SELECT generate_series(0, cardinality(b)));
  line   integer[];
BEGIN
  FOR i IN 1 .. cardinality(a) LOOP
    line := ARRAY[i];
    FOR j IN 1 .. cardinality(b) LOOP
      -- least() passes over a null.
      line[j + 1] := least(line[j] + 1, above[j + 1] + 1, above[j] + CASE WHEN a[i] = b[j] THEN 0 ELSE 1 END,
        CASE WHEN i > 1 AND j > 1 AND a[i] = b[j - 1] AND a[i - 1] = b[j] THEN before[j - 1] + 1 END);
    END LOOP;
    before := above;
    above := line;
  END LOOP;
  RETURN above[cardinality(b) + 1];
END $$;

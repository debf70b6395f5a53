-- Revision 1.
-- "; did you mean …?" of the words that are nearest and near enough to be meant, or an empty text.
CREATE OR REPLACE FUNCTION nova_near_misses(word text, among text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce('; did you mean ' || string_agg(near.known, ' or ' ORDER BY near.known) || '?', '')
  FROM (SELECT d.known, d.distance, rank() OVER (ORDER BY d.distance) AS place
        FROM (SELECT known, nova_edit_distance(coalesce(word, ''), known) AS distance FROM unnest(among) AS known) d) near
  WHERE near.place = 1 AND near.distance <= greatest(2, length(word) / 4)
$$;

-- Revision 2.
-- "; did you mean …?" of the words that are nearest and near enough to be meant, or an empty text.
CREATE OR REPLACE FUNCTION nova_near_misses(word text, among text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce('; did you mean ' || array_to_string(nova_meant(word, among), ' or ') || '?', '')
$$;

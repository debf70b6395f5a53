-- Revision 1.
-- The known words that are nearest to one that is not known, and near enough to be meant; null: none is. The same rule as `meantBy`
-- of contracts/near-words.ts: capitals, and what stands between the parts of a word, are no difference; one letter may be wrong in a
-- short word, two from twelve letters on, three from sixteen.
CREATE OR REPLACE FUNCTION nova_meant(word text, among text[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(near.known ORDER BY near.known)
  FROM (SELECT d.known, rank() OVER (ORDER BY d.distance) AS place
        FROM (SELECT k.known, CASE WHEN abs(length(k.plain) - length(w.plain)) <= w.may_differ THEN nova_edit_distance(w.plain, k.plain) END AS distance,
                w.may_differ
              FROM (SELECT translate(lower(left(word, 60)), '_.- ', '') AS plain, greatest(1, length(left(word, 60)) / 4 - 1) AS may_differ) AS w,
                (SELECT n.known, translate(lower(left(n.known, 60)), '_.- ', '') AS plain FROM unnest(among) AS n (known)) AS k) AS d
        WHERE d.distance <= d.may_differ) AS near
  WHERE near.place = 1
$$;

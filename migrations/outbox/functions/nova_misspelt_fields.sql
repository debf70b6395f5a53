-- Revision 1.
-- Fields of a payload that its schema does not know, where it knows one of nearly the same name that the payload does not have. Each
-- with those names. At most twenty fields are looked at: a service may send any number of its own.
CREATE OR REPLACE FUNCTION nova_misspelt_fields(schema jsonb, payload jsonb) RETURNS TABLE (given text, meant text) LANGUAGE sql IMMUTABLE AS $$
  SELECT u.given, array_to_string(n.meant, ' or ')
  FROM (SELECT k AS given FROM jsonb_object_keys(payload) AS k WHERE NOT schema -> 'properties' ? k LIMIT 20) AS u,
    LATERAL (SELECT nova_meant(u.given, ARRAY(SELECT p FROM jsonb_object_keys(schema -> 'properties') AS p WHERE NOT payload ? p)) AS meant) AS n
  WHERE n.meant IS NOT NULL
$$;

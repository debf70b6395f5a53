-- Revision 1.
-- Those fields of `patch` that are newer than what `sequences` says was applied to them.
CREATE OR REPLACE FUNCTION newer_fields(patch jsonb, sequences jsonb, seq bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(patch)
  WHERE coalesce((sequences ->> key)::bigint, 0) < seq
$$;

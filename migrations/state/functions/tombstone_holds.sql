-- Revision 1.
-- Whether a tombstone row holds its subject now. No hold is longer than an hour: a clock that is set back must not make one.
CREATE OR REPLACE FUNCTION tombstone_holds(held_until timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(held_until > clock_timestamp() AND held_until <= clock_timestamp() + interval '1 hour', false)
$$;

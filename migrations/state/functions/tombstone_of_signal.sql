-- Revision 1.
-- Services with the client library of the version before signal by `sequence = NULL, final = true`, which was for good.
CREATE OR REPLACE FUNCTION tombstone_of_signal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.final := false;
  NEW.held_until := clock_timestamp() + interval '5 minutes';
  RETURN NEW;
END $$;

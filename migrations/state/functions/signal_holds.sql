-- Revision 1.
-- Brings a row of outbox_signals to the tombstones beside it.
CREATE OR REPLACE FUNCTION signal_holds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM tombstone_hold(NEW.subject_type, NEW.subject_id, extract(epoch FROM NEW.held_until - clock_timestamp()) * 1000, NEW.reason);
  NEW.copied_at := clock_timestamp();
  RETURN NEW;
END $$;

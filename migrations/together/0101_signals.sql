-- An outbox and State in one schema: a signal holds its subject from when it is committed, and no bridge has to bring it over.
CREATE TRIGGER signal_holds BEFORE INSERT OR UPDATE OF signalled_at ON outbox_signals FOR EACH ROW EXECUTE FUNCTION signal_holds();

CREATE TRIGGER outbox_before_insert BEFORE INSERT ON outbox_events FOR EACH ROW EXECUTE FUNCTION outbox_before_insert();
CREATE TRIGGER outbox_after_update AFTER UPDATE ON outbox_events REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION outbox_after_update();
CREATE TRIGGER outbox_after_delete AFTER DELETE ON outbox_events REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION outbox_after_delete();
CREATE TRIGGER outbox_after_truncate AFTER TRUNCATE ON outbox_events FOR EACH STATEMENT EXECUTE FUNCTION outbox_after_truncate();

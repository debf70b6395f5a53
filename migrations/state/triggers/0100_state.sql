CREATE TRIGGER follow_begun_by_hand AFTER INSERT ON follows REFERENCING NEW TABLE AS begun
  FOR EACH STATEMENT EXECUTE FUNCTION follow_begun_by_hand();
CREATE TRIGGER follow_ended_by_hand AFTER DELETE ON follows REFERENCING OLD TABLE AS ended
  FOR EACH STATEMENT EXECUTE FUNCTION follow_ended_by_hand();
CREATE TRIGGER tombstone_of_signal BEFORE INSERT OR UPDATE ON tombstones FOR EACH ROW WHEN (NEW.final AND NEW.sequence IS NULL)
  EXECUTE FUNCTION tombstone_of_signal();

-- Which outbox this is, so that a process whose settings give one service's database another service's name does no work on it.
ALTER TABLE deployment ADD COLUMN outbox text;
COMMENT ON COLUMN deployment.outbox IS 'Name of the outbox in this database. Null: main, or State alone.';

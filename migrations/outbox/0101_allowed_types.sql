-- Which types the service of this outbox may write. nova_publish refuses the others; a bridge gives up rows of them.
ALTER TABLE outbox_event_types ADD COLUMN allowed boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN outbox_event_types.allowed IS 'False: the domain of the type belongs to another service (OUTBOXES, "domains"). Written by `npm run migrate`.';

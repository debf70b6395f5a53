-- The operator's command line is `npx nova`; released files are never edited.
COMMENT ON COLUMN outbox_events.dead_lettered_at IS 'Set when the row is given up; last_error says why. Requeue with `npx nova requeue`.';
COMMENT ON TABLE outbox_pauses IS 'Event types that a person has paused (`npx nova pause`), and until when.';

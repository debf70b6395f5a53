-- The operator's command line is `npx nova`; released files are never edited.
COMMENT ON TABLE delivery_pauses IS 'Channels of delivery that a person has paused (`npx nova pause channel:email`), and until when.';

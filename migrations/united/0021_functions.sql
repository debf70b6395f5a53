-- Which text of each function this database has. The texts are migrations/functions/*.sql; `npm run migrate` applies them after the
-- numbered files. A numbered file that is newer than this one makes no function of its own.
CREATE TABLE nova_functions (
  name       text PRIMARY KEY,
  revision   integer NOT NULL CHECK (revision > 0),
  checksum   text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE nova_functions IS 'Written by npm run migrate: the newest revision of each function, and the checksum of its text.';

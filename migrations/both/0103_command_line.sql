-- The operator's command line is `npx nova`; released files are never edited.
COMMENT ON TABLE operator_acts IS 'Acts of people with the operator''s tools; listed by `npx nova acts`. Only ever added to.';

-- One login for each role that `npm run migrate` made, with a password from the environment. Run by the service `logins`
-- of docker-compose.yml with psql; safe to repeat. For other installations: docs/runbook.md, "Rights".
\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['nova_owner_login', 'nova_publisher_login', 'nova_bridge_login', 'nova_workers_login',
                  'nova_operator_login', 'nova_desk_login', 'nova_reader_login']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
\getenv owner OWNER_DB_PASSWORD
\getenv publisher PUBLISHER_DB_PASSWORD
\getenv bridge BRIDGE_DB_PASSWORD
\getenv workers WORKERS_DB_PASSWORD
\getenv operator OPERATOR_DB_PASSWORD
\getenv desk DESK_DB_PASSWORD
\getenv reader READER_DB_PASSWORD
ALTER ROLE nova_owner_login PASSWORD :'owner';
ALTER ROLE nova_publisher_login PASSWORD :'publisher';
ALTER ROLE nova_bridge_login PASSWORD :'bridge';
ALTER ROLE nova_workers_login PASSWORD :'workers';
ALTER ROLE nova_operator_login PASSWORD :'operator';
ALTER ROLE nova_desk_login PASSWORD :'desk';
ALTER ROLE nova_reader_login PASSWORD :'reader';
GRANT nova_owner TO nova_owner_login;
GRANT nova_publisher TO nova_publisher_login;
GRANT nova_bridge TO nova_bridge_login;
GRANT nova_workers TO nova_workers_login;
GRANT nova_operator TO nova_operator_login;
GRANT nova_desk TO nova_desk_login;
-- Who corrects events works with the operator's tools.
GRANT nova_operator TO nova_desk_login;
GRANT nova_reader TO nova_reader_login;

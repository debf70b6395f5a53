# For docker-compose.yml, in the image temporalio/admin-tools, with SQL_* in the environment. Safe to repeat: what is there
# is kept, and a database of an older server is brought to this version.
set -eu

prepare() {
  temporal-sql-tool --database "$1" create-database
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "$2"
}
prepare temporal postgresql/v12/temporal
prepare temporal_visibility postgresql/v12/visibility

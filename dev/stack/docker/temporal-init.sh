# For docker-compose.yml, in the image temporalio/admin-tools, with TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE in the environment:
# makes the namespace and registers its arguments as search attributes of type Keyword. Safe to repeat. Any failure ends it;
# Compose then starts it again.
set -eu

temporal operator cluster health
if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  # A closed run is kept, and its workflow id refused to others, for a week (dev/stack/servers/temporal-namespace.ts).
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 168h
fi
# The server itself knows a new namespace only some seconds later.
tries=0
until temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" >/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ]
  sleep 1
done
for name in "$@"; do
  set -- "$@" --name "$name" --type Keyword
  shift
done
temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" "$@"

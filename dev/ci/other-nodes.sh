#!/usr/bin/env bash
# The unit tests and a short demo under the other supported releases of Node.js. The whole test suite runs under the one at
# hand. npm's package `node` brings the binaries: nothing is installed on the machine. Needs `npm ci` before.
set -euo pipefail
cd "$(dirname "$0")/../.."

versions=(22.23.3 24.21.0)
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

fetches=()
for version in "${versions[@]}"; do
  npm install --silent --no-audit --no-fund --prefix "$folder/$version" "node@$version" &
  fetches+=($!)
done
for fetch in "${fetches[@]}"; do wait "$fetch"; done

for version in "${versions[@]}"; do
  (
    export PATH="$folder/$version/node_modules/node/bin:$PATH"
    printf -- '-- Node.js %s (%ss)\n' "$(node --version)" "$SECONDS"
    [ "$(node --version)" = "v$version" ]
    # Without those that hold documents to the sources: they say nothing of Node.js, and one compiles the whole product.
    # Nice: in .ci/run chaos runs beside them.
    nice node node_modules/jest/bin/jest.js --config test/unit.config.cjs --ci --testPathIgnorePatterns=test/unit/docs/
    node --import tsx dev/demo/main.ts --events 20 --rate 20 --users 100 --followers 100
  )
done
printf -- '-- the other releases of Node.js: done (%ss)\n' "$SECONDS"

/**
 * The tests of `npm run test:fire`: what kills, freezes and cuts off servers, runs two releases or two deployments side by
 * side, waits for time to pass, or installs packages and builds with other languages. `npm test` leaves them out,
 * `npm run test:all` and CI run both. Folders end with a slash.
 */
module.exports = [
  'faults/',
  'outages/',
  'upgrade/',
  'packages/',
  'examples/',
  'integration/deployment/',
  'integration/dev/stack/',
  'integration/dev/npm-run.test.ts',
  'integration/dev/drill.test.ts',
  'integration/activities/audit/under-fire.test.ts',
  'integration/activities/emit/emit-slow.test.ts',
  'integration/activities/emit/kafka-partitions.test.ts',
  'integration/outbox-bridge/retention-second-run.test.ts',
  'integration/runtime/tls.test.ts',
  'integration/workers/refused-worker.test.ts',
  'integration/client/subscriber-slow.test.ts',
];

/**
 * The files that take longer than a minute on two cores, the longest first: jest knows how long a file takes only where it has run before, which
 * is nowhere in CI.
 */
module.exports = [
  // npm test
  'simulation/the-simulation-finds.test.ts',
  'integration/activities/notify/orders.test.ts',
  'integration/ops/ops.test.ts',
  'integration/migrations/claim-cost.test.ts',
  'integration/outbox/housekeeping-apart.test.ts',
  'integration/outbox-bridge/several-outboxes.test.ts',
  'integration/activities/audit/planted.test.ts',
  // npm run test:fire
  'faults/outboxes.test.ts',
  'faults/deletes.test.ts',
  'faults/media-and-notices.test.ts',
  'faults/bridge.test.ts',
  'faults/posts.test.ts',
  'faults/emit.test.ts',
  'outages/moving.test.ts',
  'upgrade/rolling-upgrade.test.ts',
  'outages/start-order.test.ts',
  'outages/pgbouncer.test.ts',
  'integration/deployment/deployment.test.ts',
  'integration/activities/audit/under-fire.test.ts',
  'outages/temporal.test.ts',
  'outages/temporal-lost.test.ts',
  'outages/kafka-lost.test.ts',
  'outages/replay-plan.test.ts',
  'outages/kafka.test.ts',
  'integration/client/subscriber-slow.test.ts',
  'examples/examples.test.ts',
  'packages/packages.test.ts',
  'outages/postgres.test.ts',
  'packages/types.test.ts',
];

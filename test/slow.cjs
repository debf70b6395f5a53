/**
 * The files that take longer than a minute on two cores, the longest first: jest knows how long a file takes only where it has run before, which
 * is nowhere in CI.
 */
module.exports = [
  // npm test
  'integration/activities/notify/orders.test.ts',
  'integration/ops/ops.test.ts',
  'integration/ops/replays.test.ts',
  'integration/outbox-bridge/several-outboxes.test.ts',
  'integration/ops/signal.test.ts',
  'integration/ops/run-story.test.ts',
  'integration/workers/main.test.ts',
  'integration/ops/pause.test.ts',
  'integration/activities/audit/planted.test.ts',
  // npm run test:fire
  'faults/outboxes.test.ts',
  'faults/media-and-notices.test.ts',
  'faults/posts.test.ts',
  'faults/deletes.test.ts',
  'outages/moving.test.ts',
  'faults/emit.test.ts',
  'upgrade/rolling-upgrade.test.ts',
  'outages/start-order.test.ts',
  'faults/bridge.test.ts',
  'examples/examples.test.ts',
  'packages/packages.test.ts',
  'outages/temporal.test.ts',
  'outages/temporal-lost.test.ts',
  'outages/kafka-lost.test.ts',
  'outages/replay-plan.test.ts',
  'outages/kafka.test.ts',
  'integration/deployment/deployment.test.ts',
  'integration/activities/audit/under-fire.test.ts',
  'packages/types.test.ts',
  'outages/pgbouncer.test.ts',
  'integration/client/subscriber-slow.test.ts',
  'outages/postgres.test.ts',
  'outages/postgres-versions.test.ts',
];

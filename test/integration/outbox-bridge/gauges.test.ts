import { Registry } from 'prom-client';
import { createBridgeMetrics } from '../../../outbox-bridge/metrics';
import { readOutboxGauges } from '../../../outbox-bridge/outbox-gauges';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

const insert = (rows: number, age: string) =>
  database.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, created_at, priority)
     SELECT gen_random_uuid(), gen_random_uuid(), 'message.edited', '{}', now() - $2::interval, 2 FROM generate_series(1, $1)`,
    [rows, age],
  );

async function gauges(countedTo?: number): Promise<Record<string, number>> {
  const registry = new Registry();
  await readOutboxGauges(database.pool, createBridgeMetrics(registry), countedTo);
  const metrics = await registry.getMetricsAsJSON();
  return Object.fromEntries(
    metrics.flatMap(({ name, values }) =>
      values.map(({ labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
    ),
  );
}

it('count what is pending up to a bound, so that a backlog of a million costs no more than one of ten thousand', async () => {
  await insert(1, '2 hours');
  await insert(29, '1 minute');
  expect(await gauges()).toMatchObject({
    'nova_outbox_pending_rows normal': 30,
    'nova_outbox_pending_rows critical': 0,
  });
  const bounded = await gauges(10);
  expect(bounded).toMatchObject({ 'nova_outbox_pending_rows normal': 10 });
  expect(bounded['nova_outbox_oldest_pending_seconds normal']).toBeGreaterThan(7_000);
  expect(bounded['nova_outbox_oldest_pending_seconds critical']).toBe(0);
});

it('show the dead heads that an open transaction keeps in the way of claims', async () => {
  const open = await database.pool.connect();
  try {
    await open.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    await insert(300, '1 minute');
    await database.pool.query('UPDATE outbox_events SET published_at = now()');
    // The server writes its statistics down in its own time.
    await waitFor(async () => ((await gauges())['nova_outbox_dead_heads'] ?? 0) >= 300);
  } finally {
    await open.query('ROLLBACK');
    open.release();
  }
});

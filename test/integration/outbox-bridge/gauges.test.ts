import { Connection, ScheduleClient, WorkflowClient } from '@temporalio/client';
import { Registry } from 'prom-client';
import { auditScheduled, createAuditGauges, readAuditGauges } from '../../../outbox-bridge/audit-gauges';
import { createBridgeMetrics, metricsOf } from '../../../outbox-bridge/metrics';
import { readOutboxGauges } from '../../../outbox-bridge/outbox-gauges';
import { createTaskQueueGauges, readTaskQueueGauges } from '../../../outbox-bridge/task-queue-gauges';
import { RunGauges, createRunGauges } from '../../../outbox-bridge/run-gauges';
import { createDeliveryGauges, readDeliveryGauges } from '../../../outbox-bridge/waiting-deliveries';
import { PartitionsAhead } from '../../../outbox/housekeeping/partitions-ahead';
import { auditSchedule } from '../../../runtime/audit-schedule';
import { keepAuditSchedule } from '../../../workers/schedules';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { silentLogger } from '../../support/logger';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { createTestClient, startTestWorkers, testQueuePrefix } from '../../support/temporal';
import { servers } from '../../support/servers';
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
  return valuesOf(registry);
}

async function valuesOf(registry: Registry): Promise<Record<string, number>> {
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

it('show how many rows the aggregate has that has most of those that wait', async () => {
  expect(await gauges()).toMatchObject({ nova_outbox_hottest_aggregate_rows: 0 });
  await insert(5, '1 minute');
  const ofOne = (rows: number) =>
    database.pool.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, priority)
       SELECT gen_random_uuid(), $1, 'message.edited', '{}', 2 FROM generate_series(1, $2)`,
      [newId(), rows],
    );
  await ofOne(3);
  await ofOne(7);
  expect(await gauges()).toMatchObject({ nova_outbox_hottest_aggregate_rows: 7 });
  // Of a backlog, no more is looked at.
  expect(await gauges(5)).toMatchObject({ nova_outbox_hottest_aggregate_rows: 1 });
  await database.pool.query('UPDATE outbox_events SET published_at = now()');
  expect(await gauges()).toMatchObject({ nova_outbox_hottest_aggregate_rows: 0 });
});

it('show what is started and not on Kafka, with its age; not what waits for its start, is on Kafka or was given up', async () => {
  await insert(1, '3 hours');
  await insert(2, '1 hour');
  await database.pool.query(
    `UPDATE outbox_events SET published_at = now() WHERE created_at > now() - interval '2 hours'`,
  );
  await insert(1, '4 hours');
  await database.pool.query(
    `UPDATE outbox_events SET published_at = now(), emitted_at = now() WHERE created_at < now() - interval '3.5 hours'`,
  );
  await insert(1, '5 hours');
  await database.pool.query(
    `UPDATE outbox_events SET dead_lettered_at = now(), last_error = 'INVALID_PAYLOAD: x' WHERE created_at < now() - interval '4.5 hours'`,
  );
  const now = await gauges();
  expect(now['nova_outbox_unemitted_rows']).toBe(2);
  expect(now['nova_outbox_oldest_unemitted_seconds']).toBeGreaterThan(3_500);
  expect(now['nova_outbox_oldest_unemitted_seconds']).toBeLessThan(10_800);
  await database.pool.query('UPDATE outbox_events SET emitted_at = now() WHERE published_at IS NOT NULL');
  expect(await gauges()).toMatchObject({ nova_outbox_unemitted_rows: 0, nova_outbox_oldest_unemitted_seconds: 0 });
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

it('show what the audit found by kind and outbox, and of no outbox; an outbox without findings has no series any more', async () => {
  const registry = new Registry();
  const audit = createAuditGauges(registry);
  const read = async () => {
    await readAuditGauges(database.pool, audit, () => Promise.resolve(true));
    return valuesOf(registry);
  };
  const clean = await read();
  expect(clean).toMatchObject({ 'nova_audit_unexplained stuck ': 0, 'nova_audit_failed_runs ': 0 });
  await database.pool.query(
    `INSERT INTO audit_findings (event_id, kind, detail, outbox, first_seen, last_seen)
     SELECT gen_random_uuid(), kind, 'Temporal forgets it', outbox, now(), now()
     FROM (VALUES ('stuck', 'content'), ('stuck', 'content'), ('stuck', 'social'), ('stuck', NULL), ('failed_run', 'content'),
                  ('open_paused', 'content'), ('failed_run', 'social')) AS f (kind, outbox)`,
  );
  expect(await read()).toMatchObject({
    ...{ 'nova_audit_unexplained stuck content': 2, 'nova_audit_unexplained stuck social': 1 },
    ...{ 'nova_audit_unexplained stuck ': 1, 'nova_audit_unexplained lease_over ': 0 },
    ...{ 'nova_audit_failed_runs content': 1, 'nova_audit_failed_runs social': 1, 'nova_audit_failed_runs ': 0 },
    ...{ 'nova_audit_waits_for_person open_paused content': 1, 'nova_audit_waits_for_person failed_run social': 1 },
    ...{ 'nova_audit_forgotten_soon_runs content': 4, 'nova_audit_forgotten_soon_runs ': 1 },
  });
  await database.pool.query('UPDATE audit_findings SET resolved_at = now()');
  expect(Object.keys(await read()).sort()).toEqual(Object.keys(clean).sort());
});

it('show how old the last audit is while one is scheduled: nothing where AUDIT_EVERY_S is 0, what was known while Temporal is away', async () => {
  const [registry, client, prefix] = [new Registry(), await createTestClient(), testQueuePrefix()];
  const audit = createAuditGauges(registry);
  const name = 'nova_audit_age_seconds';
  const nowhere = Connection.lazy({ address: '127.0.0.1:1' });
  let schedules = client.schedule;
  const isScheduled = auditScheduled(() => auditSchedule(schedules, prefix));
  const age = async () => {
    await readAuditGauges(database.pool, audit, isScheduled);
    return (await valuesOf(registry))[name];
  };
  const keep = (auditEverySeconds: number) =>
    keepAuditSchedule(client, { auditEverySeconds, taskQueuePrefix: prefix, workerQueues: ['maintenance'] });
  const away = async () => {
    schedules = new ScheduleClient({ connection: nowhere, namespace: servers().temporalNamespace });
    const seen = await age();
    schedules = client.schedule;
    return seen;
  };
  try {
    expect(await valuesOf(registry)).not.toHaveProperty(name);
    expect([await away(), await age()]).toEqual([undefined, undefined]);
    await keep(3_600);
    expect([await age(), await away()]).toEqual([Infinity, Infinity]);
    await database.pool.query(
      `INSERT INTO audit_runs (audit_id, origin, window_from, window_to, rows_seen, runs_seen, records_seen, counts, unexplained, notes, took_ms, ended_at)
       VALUES ('a', 'demand', now(), now(), 0, 0, 0, '{}', 0, '[]', 1, now() - interval '50 s')`,
    );
    expect(await age()).toBeGreaterThanOrEqual(50);
    await keep(0);
    expect([await age(), await away()]).toEqual([undefined, undefined]);
  } finally {
    await keep(0);
    await Promise.all([client.connection.close(), nowhere.close()]);
  }
});

it('show no days ahead before the first look: 0 of them is an alarm', async () => {
  const registry = new Registry();
  const metrics = metricsOf(createBridgeMetrics(registry), 'main');
  const days = async () => (await valuesOf(registry))['nova_outbox_partition_days_ahead main'];
  expect(await days()).toBeUndefined();
  const options = { database: database.pool, days: 14, alarmDays: 7, gauge: metrics.partitionsAhead };
  await new PartitionsAhead({ ...options, logger: silentLogger }).keep();
  expect(await days()).toBeGreaterThanOrEqual(14);
});

it('show deliveries that wait by channel, and zero when none does', async () => {
  const registry = new Registry();
  const deliveries = createDeliveryGauges(registry);
  await readDeliveryGauges(database.pool, deliveries);
  expect(await valuesOf(registry)).toEqual({
    'nova_deliveries_waiting email': 0,
    'nova_deliveries_oldest_waiting_seconds email': 0,
    'nova_deliveries_unknown email': 0,
  });
  await database.pool.query(
    `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, created_at)
     SELECT gen_random_uuid(), gen_random_uuid(), 'email', 'post.mention', state, now() - interval '1 hour'
     FROM unnest('{pending,claimed,sent,skipped,unknown}'::text[]) AS state`,
  );
  await readDeliveryGauges(database.pool, deliveries);
  const values = await valuesOf(registry);
  expect(values['nova_deliveries_waiting email']).toBe(2);
  expect(values['nova_deliveries_unknown email']).toBe(1);
  expect(values['nova_deliveries_oldest_waiting_seconds email']).toBeGreaterThan(3_500);
});

it('show inboxes that wait as the channel in_app, from the runs that wait; nothing while Temporal is away', async () => {
  const [registry, workers] = [new Registry(), await startStandInWorkers()];
  const [runGauges, deliveries] = [createRunGauges(registry), createDeliveryGauges(registry)];
  const read = async (workflows = workers.client.workflow) => {
    await new RunGauges({
      ...{ pool: database.pool, workflows, taskQueuePrefix: workers.prefix, logger: silentLogger },
      ...{ runs: runGauges, deliveries },
    }).read();
    return valuesOf(registry);
  };
  const names = ['nova_deliveries_waiting in_app', 'nova_deliveries_oldest_waiting_seconds in_app'] as const;
  try {
    expect(await read()).toEqual({ [names[0]]: 0, [names[1]]: 0 });
    for (const activity of ['notifyInApp', 'notifyPages', 'emitEvent']) workers.moods.set(activity, 'away');
    const runs = [
      // Waits for Kafka alone. The first, so that it is old enough to be looked at when the other one is.
      await workers.start('emitWorkflow'),
      await workers.start('notificationWorkflow', { eventType: 'message.persisted' }),
    ];
    await waitFor(async () => (await read())[names[0]] === 1);
    expect((await read())[names[1]]).toBeGreaterThan(4);
    const nowhere = Connection.lazy({ address: '127.0.0.1:1' });
    await expect(read(new WorkflowClient({ connection: nowhere }))).rejects.toThrow();
    expect(await valuesOf(registry)).toEqual({});
    await nowhere.close();
    for (const run of runs) await run.terminate();
  } finally {
    await workers.stop();
  }
});

it('show task queues that no worker takes from, and what waits there; nothing while Temporal is away', async () => {
  const [prefix, client, registry] = [testQueuePrefix(), await createTestClient(), new Registry()];
  const config = { temporalNamespace: servers().temporalNamespace, taskQueuePrefix: prefix };
  const queues = createTaskQueueGauges(registry);
  const read = async (connection = client.connection as Connection) => {
    await readTaskQueueGauges(database.pool, connection, config, queues);
    return valuesOf(registry);
  };
  const workers = await startTestWorkers({ prefix, activities: { any: () => Promise.resolve() }, queues: ['media'] });
  try {
    const run = await client.workflow.start('anyWorkflow', { workflowId: prefix, taskQueue: `${prefix}-feed` });
    await waitFor(
      async () => ((await read())[`nova_task_queue_oldest_waiting_seconds ${prefix}-feed workflow`] ?? 0) > 0,
    );
    expect(await read()).toMatchObject({
      [`nova_task_queue_unserved ${prefix}-feed workflow`]: 1,
      [`nova_task_queue_unserved ${prefix}-media workflow`]: 0,
      [`nova_task_queue_unserved ${prefix}-media activity`]: 0,
      [`nova_task_queue_unserved ${prefix}-maintenance workflow`]: 1,
      [`nova_task_queue_waiting_tasks ${prefix}-feed workflow`]: 1,
    });
    await run.terminate();
    const nowhere = Connection.lazy({ address: '127.0.0.1:1' });
    await expect(read(nowhere)).rejects.toThrow();
    expect(await valuesOf(registry)).toEqual({});
    await nowhere.close();
  } finally {
    await workers.stop();
    await client.connection.close();
  }
});

import { Registry } from 'prom-client';
import { createAuditActivities } from '../../../../activities/audit/create-audit-activities';
import { type AuditReport } from '../../../../contracts/audit-kinds';
import { NovaError } from '../../../../contracts/failures';
import { auditScheduleId } from '../../../../contracts/maintenance';
import { createAuditGauges, readAuditGauges } from '../../../../outbox-bridge/audit-gauges';
import { keepAuditSchedule } from '../../../../workers/schedules';
import { type AuditWorld, createAuditWorld, startMaintenanceWorker } from '../../../support/audit-world';
import { silentLogger } from '../../../support/logger';
import { waitFor } from '../../../support/wait-for';

let world: AuditWorld;
beforeAll(async () => {
  world = await createAuditWorld();
  await world.bridgeSays('polling');
});
afterAll(() => world.close());

const ops = (...args: string[]) => world.ops(...args);

const registry = new Registry();
const gauges = createAuditGauges(registry);
const metrics = async () => {
  await readAuditGauges(world.database.pool, gauges, () => Promise.resolve(true));
  return registry.metrics();
};

it('begins where the last scheduled audit ended, and reads what Kafka was missing', async () => {
  const early = await world.settled(3);
  const activity = createAuditActivities({ ...world.deps, logger: silentLogger });
  const worker = await startMaintenanceWorker(world, activity);
  await keepAuditSchedule(world.client, {
    auditEverySeconds: 86_400,
    taskQueuePrefix: world.prefix,
    workerQueues: ['maintenance'],
  });
  const schedule = world.client.schedule.getHandle(auditScheduleId(world.prefix));
  await schedule.trigger();
  const first = await waitFor(async () => {
    const [action] = (await schedule.describe()).info.recentActions;
    return action?.action.workflow;
  });
  const run = world.client.workflow.getHandle(first.workflowId, first.firstExecutionRunId);
  expect(await run.result()).toMatchObject({ unexplained: 0, examined: { rows: 3, runs: 3, records: 3 } });
  expect(first.workflowId).toMatch(new RegExp(`^${auditScheduleId(world.prefix)}`));
  await schedule.delete();
  await worker.stop();

  const away = { read: () => Promise.reject(new NovaError('KAFKA_UNAVAILABLE', 'gone')) };
  const next = (deps: typeof world.deps) => world.auditWith(deps, { origin: 'schedule' });
  // Its window begins at the last one's end, less what clocks may differ by.
  await world.database.pool.query(
    `UPDATE audit_outboxes SET window_to = now(), records_to = now() - interval '1 hour'`,
  );
  await world.database.pool.query(`UPDATE outbox_events SET published_at = published_at - interval '10 s'`);
  const deaf = await next({ ...world.deps, records: away });
  expect(deaf).toMatchObject({
    examined: { rows: 0, records: 0 },
    notes: [expect.stringMatching(/Kafka was not compared/)],
  });
  // What Kafka could not be asked about is asked of it now.
  expect(await next(world.deps)).toMatchObject({ examined: { rows: 0, records: early.length }, notes: [] });
});

it('does no harm twice at once: both say the same, and every finding is there once', async () => {
  const refs = await world.settled(10);
  for (const { eventId } of refs.slice(0, 4)) await world.set(eventId, `emitted_at = NULL`);
  const reports = (await waitFor(async () => {
    const both = await Promise.all([world.audit(), world.audit(), world.audit()]);
    return both.every(({ counts }) => counts.lost_emit === 4) ? both : undefined;
  })) as AuditReport[];
  expect(reports.map(({ unexplained }) => unexplained)).toEqual([4, 4, 4]);
  const { rowCount } = await world.database.pool.query('SELECT FROM audit_findings');
  expect(rowCount).toBe(4);
  expect(await metrics()).toMatch(/nova_audit_unexplained\{kind="lost_emit",outbox="main"\} 4/);
  // The audit that looked first must not bring back what another has seen repaired since.
  const [finding] = await world.deps.store.open(1);
  await world.deps.store.resolve([finding!], Date.now() * 1_000 + 60_000_000);
  await world.deps.store.record([finding!], Date.now() * 1_000);
  expect(await world.findings(finding!.eventId)).toEqual([]);
  for (const { eventId } of refs) await world.set(eventId, `emitted_at = coalesce(emitted_at, now())`);
  expect(await world.audit()).toMatchObject({ unexplained: 0 });
});

it('keeps its own tables small', async () => {
  await world.database.pool.query(`UPDATE audit_findings SET last_seen = now() - interval '31 days'`);
  await world.database.pool.query(`UPDATE audit_runs SET ended_at = now() - interval '31 days'`);
  await world.audit();
  await world.audit();
  const { rows } = await world.database.pool.query<{ runs: number; findings: number }>(
    `SELECT (SELECT count(*) FROM audit_runs) AS runs, (SELECT count(*) FROM audit_findings) AS findings`,
  );
  expect(rows[0]).toEqual({ runs: 2, findings: 0 });
});

it('is a command: a table, JSON, an exit code, and an end to what a person has explained', async () => {
  const clean = await ops('audit', '--since', '1h');
  expect(clean).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/rows.*runs.*messages[^]*✔ everything is explained/) as string,
  });

  expect(await metrics()).toMatch(/nova_audit_age_seconds \d/);
  const [ref] = await world.settled(1);
  await world.database.pool.query('DELETE FROM outbox_events WHERE id = $1', [ref!.eventId]);
  const json = await ops('audit', '--json');
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    unexplained: 2,
    counts: { run_without_row: 1, record_without_row: 1 },
    examples: { run_without_row: [ref!.eventId] },
  });
  const [other] = await world.settled(1);
  await world.database.pool.query(
    `INSERT INTO audit_findings (event_id, kind, detail, first_seen, last_seen) VALUES ($1, 'stuck', 'why', now(), now())`,
    [other!.eventId],
  );
  expect((await ops('show', other!.eventId)).stdout).toMatch(/AUDIT +stuck since .*: why/);
  const found = 'nova_audit_unexplained{kind="run_without_row",outbox="main"}';
  expect(await metrics()).toContain(`${found} 1`);
  const explained = await ops('audit', '--acknowledge', ref!.eventId, 'nothing');
  expect(explained.stdout).toBe('acknowledged 1\nthe audit has nothing against nothing\n');
  const ended = await metrics();
  expect(ended).not.toContain(found);
  expect(ended).toContain('nova_audit_unexplained{kind="run_without_row",outbox=""} 0');
  const [quiet, wrong] = await Promise.all([ops('audit'), ops('audit', '--since', 'yesterday')]);
  expect([quiet.code, wrong.code]).toEqual([0, 2]);
});

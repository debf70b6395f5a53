import { ChoreTurn } from '../../../outbox/housekeeping/chore-turn';
import { type AuditWorld, createAuditWorld } from '../../support/audit-world';
import { waitFor } from '../../support/wait-for';

// A clock of the database that was set back an hour leaves times an hour ahead behind: they are written here.
let world: AuditWorld;
beforeAll(async () => {
  world = await createAuditWorld();
  await world.bridgeSays('polling');
});
afterAll(() => world.close());

it('an audit whose last end lies ahead of the clock looks back over the jump, and the next goes on from its own end', async () => {
  const { pool } = world.database;
  const refs = await world.settled(3);
  // Temporal lists a run some time after its end.
  const ours = `WorkflowId IN (${refs.map(({ eventId }) => `'${eventId}'`).join(', ')}) AND ExecutionStatus = 'Completed'`;
  await waitFor(async () => (await world.client.workflow.count(ours)).count === 3);
  await pool.query(
    `INSERT INTO audit_runs (audit_id, origin, window_from, window_to, records_to, rows_seen, runs_seen, records_seen, counts, unexplained, notes, took_ms)
     VALUES ('before the jump', 'schedule', now(), now() + interval '1 hour', now() + interval '1 hour', 0, 0, 0, '{}', 0, '[]', 1)`,
  );
  const first = await world.auditWith(world.deps, { origin: 'schedule' });
  expect(first.examined).toMatchObject({ rows: 3, runs: 3, records: 3 });
  // By the order of writing, not by the greatest time.
  expect((await world.deps.store.watermarks('main'))!.toUs).toBeLessThan(Date.now() * 1_000 + 60_000_000);
});

it('a lease, a back-off and a heartbeat from the future explain nothing', async () => {
  const [leased, failed] = [await world.event(), await world.event()];
  await world.set(
    leased.eventId,
    `lease_until = now() + interval '1 hour', lease_token = gen_random_uuid(), claim_count = 1`,
  );
  await world.set(failed.eventId, `last_error = 'START_REFUSED: x', next_attempt_at = now() + interval '1 hour'`);
  await waitFor(async () => ((await world.audit()).counts.stuck ?? 0) === 2);
  expect(await world.findings(leased.eventId)).toEqual(['stuck']);
  expect(await world.findings(failed.eventId)).toEqual(['stuck']);
  await world.database.pool.query(`UPDATE bridge_instances SET heartbeat_at = now() + interval '1 hour'`);
  expect(await world.rows.bridges()).toMatchObject({ alive: 0 });
});

it('a turn of housekeeping that was taken, or is due, in the future is free', async () => {
  const { pool } = world.database;
  await pool.query(
    `INSERT INTO chores (name, holder, token, lease_until, due_at) VALUES ('x', 'dead', gen_random_uuid(), now() + interval '2 hours', now() + interval '2 days')`,
  );
  expect(await ChoreTurn.take(pool, 'x', { holder: 'alive', asked: false })).toBeDefined();
  // Taken now, by this clock: held.
  expect(await ChoreTurn.take(pool, 'x', { holder: 'other', asked: true })).toBeUndefined();
});

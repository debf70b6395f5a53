import { NovaError } from '../../../contracts/failures';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { planReplays, startReplays } from '../../../ops/replay/replay';
import { type AuditWorld, createAuditWorld } from '../../support/audit-world';
import { newId } from '../../support/events';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

let world: AuditWorld;
beforeAll(async () => {
  world = await createAuditWorld();
  await world.bridgeSays('polling');
});
afterAll(() => world.close());
afterEach(() => world.failing.clear());

const ops = (...args: string[]) => world.ops(...args);
const deps = () => ({
  outboxes: OutboxPools.one(world.database.pool),
  pool: world.database.pool,
  workflows: world.client.workflow,
  config: { taskQueuePrefix: world.prefix, temporalNamespace: servers().temporalNamespace },
});
const statusOf = async (workflowId: string) =>
  (await world.client.workflow.getHandle(workflowId).describe()).status.name;

/** An event that is started and waits for Kafka. */
async function waiting() {
  const ref = await world.event();
  world.failing.set(ref.eventId, new NovaError('KAFKA_UNAVAILABLE', 'gone'));
  const { bridge } = world.bridge();
  await bridge.start();
  await waitFor(async () => (await world.rows.byIds([ref.eventId]))[0]?.publishedUs);
  await bridge.stop();
  await waitFor(async () => (await world.deps.runs.describe(ref.eventId))?.activities[0]?.failure != null);
  return ref;
}
const listed = (eventId: string, status: string) =>
  waitFor(
    async () =>
      (await world.client.workflow.count(`WorkflowId = '${eventId}' AND ExecutionStatus = '${status}'`)).count > 0,
  );

it('a run that was terminated stays a finding when Temporal forgets it, and one command makes up for it', async () => {
  const { eventId } = await waiting();
  await world.client.workflow.getHandle(eventId).terminate('operator');
  await listed(eventId, 'Terminated');
  const audit = await ops('audit');
  expect(audit.code).toBe(1);
  expect(audit.stdout).toMatch(/failed_run[^]*✘ 1 wait for a person, 1 of them not on Kafka: npx nova replay/);
  expect(audit.stdout).not.toMatch(/✔/);
  // An ended run waits for nothing, though Temporal still lists what it waited for.
  const ended = (await ops('show', eventId)).stdout;
  expect(ended).toMatch(/TERMINATED/);
  expect(ended).not.toMatch(/waits for/);

  // What time does: the row is old, the run is gone.
  await world.client.workflowService.deleteWorkflowExecution({
    namespace: servers().temporalNamespace,
    workflowExecution: { workflowId: eventId },
  });
  await waitFor(async () => (await world.deps.runs.describe(eventId)) === null);
  await world.set(eventId, `published_at = published_at - interval '400 days'`);
  await world.audit();
  expect(await world.deps.store.open(10)).toEqual(
    expect.arrayContaining([
      {
        ...{ eventId, kind: 'failed_run', outbox: 'main' },
        detail: 'forgotten by Temporal; was: emitWorkflow terminated, not on Kafka',
      },
    ]),
  );

  world.failing.clear();
  const asked = await ops('replay', '--found');
  expect(asked).toMatchObject({ code: 1, stdout: expect.stringMatching(/nothing is done.*--yes/) as string });
  expect(await world.deps.runs.describe(`${eventId}/replay-1`)).toBeNull();
  const done = await ops('replay', '--found', '--type', 'message.edited', '--yes', '--reason', 'terminated by mistake');
  expect(done.stdout).toContain(`started ${eventId}/replay-1`);
  expect(done.code).toBe(0);
  const replay = world.client.workflow.getHandle(`${eventId}/replay-1`);
  await replay.result();
  const { memo, searchAttributes, staticDetails } = await replay.describe();
  expect(memo).toMatchObject({ eventId, replay: 1 });
  expect(await staticDetails()).toContain(`\`npx nova why ${eventId}\``);
  expect(searchAttributes).toMatchObject({ EventType: ['message.edited'] });
  await listed(`${eventId}/replay-1`, 'Completed');
  await world.audit();
  expect(await world.findings(eventId)).toEqual([]);
  expect((await world.rows.byIds([eventId]))[0]?.emittedUs).not.toBeNull();
  const again = await ops('replay', eventId, '--yes');
  expect(again).toMatchObject({ code: 1, stdout: expect.stringMatching(/a run of it has completed/) as string });
});

it('an open run, a pending row and a dead letter are not replayed, and say what to do instead', async () => {
  const [open, pending, dead] = [await waiting(), await world.event(), await world.event()];
  await world.set(dead.eventId, `dead_lettered_at = now(), last_error = 'START_REFUSED: x'`);
  const ids = [open.eventId, pending.eventId, dead.eventId, newId()];
  const { plans } = await planReplays(deps(), ids, { again: true });
  expect(plans.map(({ refused }) => refused)).toEqual([
    expect.stringMatching(/its run is open/),
    expect.stringMatching(/it is pending/),
    expect.stringMatching(/requeue/),
    expect.stringMatching(/no outbox row/),
  ]);
  world.failing.clear();
  await world.client.workflow.getHandle(open.eventId).result();
});

it('a second try after a crash between the note and the start uses the same number; deliveries given up are opened again', async () => {
  const { eventId } = await waiting();
  await world.client.workflow.getHandle(eventId).terminate('operator');
  const { pool } = world.database;
  await pool.query(
    `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, reason) VALUES ($1, gen_random_uuid(), 'email', 'x', 'skipped', 'RUN_ENDED')`,
    [eventId],
  );
  world.failing.clear();
  await pool.query(`INSERT INTO event_replays (event_id, number, requested_by) VALUES ($1, 1, 'crashed')`, [eventId]);
  const { plans } = await planReplays(deps(), [eventId], { again: false });
  expect(plans).toMatchObject([{ workflowId: `${eventId}/replay-1`, deliveries: 1, before: 'its run is terminated' }]);
  expect(plans[0]!.reset).toMatch(/^temporal workflow reset .*FirstWorkflowTask/);
  // Two operators at once start one run.
  const started = await Promise.all([
    startReplays(deps(), plans, { reason: null, by: 'ada' }),
    startReplays(deps(), plans, { reason: 'me too', by: 'bob' }),
  ]);
  expect(started).toEqual([[`${eventId}/replay-1`], [`${eventId}/replay-1`]]);
  await world.client.workflow.getHandle(`${eventId}/replay-1`).result();
  const { rows } = await pool.query<{ state: string }>(
    'SELECT state FROM notification_deliveries WHERE event_id = $1',
    [eventId],
  );
  expect(rows).toEqual([{ state: 'pending' }]);
  expect((await planReplays(deps(), [eventId], { again: true })).plans).toMatchObject([
    { workflowId: `${eventId}/replay-2`, refused: null },
  ]);
});

it('a deleted run that was open is found and made up for', async () => {
  const { eventId } = await waiting();
  await world.client.workflowService.deleteWorkflowExecution({
    namespace: servers().temporalNamespace,
    workflowExecution: { workflowId: eventId },
  });
  await waitFor(async () => (await world.deps.runs.describe(eventId)) === null);
  await world.audit();
  expect(await world.findings(eventId)).toContain('marked_without_run');
  world.failing.clear();
  await startReplays(deps(), (await planReplays(deps(), [eventId], { again: false })).plans, {
    reason: null,
    by: 'ada',
  });
  await world.client.workflow.getHandle(`${eventId}/replay-1`).result();
  await listed(`${eventId}/replay-1`, 'Completed');
  await world.audit();
  expect(await world.findings(eventId)).toEqual([]);
});

it('show names who paused an activity, since when and why, what was changed of its options, and how to go on', async () => {
  const { eventId } = await waiting();
  const of = { namespace: servers().temporalNamespace, execution: { workflowId: eventId }, type: 'emitEvent' };
  const service = world.client.workflowService;
  await service.pauseActivity({ ...of, identity: 'ann@desk', reason: 'Kafka is away' });
  await service.updateActivityOptions({
    ...of,
    activityOptions: { retryPolicy: { maximumInterval: { seconds: 36_000 as never } } },
    updateMask: { paths: ['retry_policy.maximum_interval'] },
  });
  const { stdout } = await ops('show', eventId);
  expect(stdout).toMatch(/emitEvent, attempt \d+, is PAUSED since .*Z by ann@desk \(Kafka is away\)/);
  expect(stdout).toMatch(/options were changed by hand: retry maximum interval 36000 s, was 10 s/);
  const command = new RegExp(`temporal activity unpause --workflow-id ${eventId} --activity-id \\d+`);
  expect(stdout).toMatch(command);
  await service.unpauseActivity({ ...of, identity: 'ann@desk' });
  await world.client.workflow.getHandle(eventId).terminate();
  expect(await statusOf(eventId)).toBe('TERMINATED');
});

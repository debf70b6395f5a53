import { setTimeout } from 'node:timers/promises';
import { type Client } from '@temporalio/client';
import { type temporal } from '@temporalio/proto';
import { PgReplayPlans } from '../../../activities/replay/pg-replay-plans';
import { createReplayActivities } from '../../../activities/replay/create-replay-activities';
import { replayRunId } from '../../../contracts/maintenance';
import { replayPriorityKey } from '../../../contracts/priority';
import { type ReplayReport } from '../../../contracts/replay-plan';
import { urlsOf } from '../../../dev/logins';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { runOps } from '../../support/ops-command';
import { override } from '../../support/override';
import { servers } from '../../support/servers';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { type TestWorkers, createTestClient, startTestWorkers } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let nova: Awaited<ReturnType<typeof startStandInWorkers>>;
let maintenance: TestWorkers;
/** Of the maintenance worker, which outlives those of events. */
let client: Client;
/** What the next settle fails with: as if the worker had died after Temporal was asked. */
let dies: Error | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  nova = await startStandInWorkers();
  client = await createTestClient();
  const { pool } = database;
  const plans = new PgReplayPlans(pool);
  maintenance = await startTestWorkers({
    prefix: nova.prefix,
    queues: ['maintenance'],
    activities: createReplayActivities({
      ...{ pool, outboxes: OutboxPools.one(pool), temporal: client },
      config: { taskQueuePrefix: nova.prefix, temporalNamespace: servers().temporalNamespace },
      plans: override(plans, {
        settle: async (plan, place, settled) => {
          const failure = dies;
          dies = undefined;
          if (failure !== undefined) throw failure;
          await plans.settle(plan, place, settled);
        },
      }),
    }),
  });
});
afterAll(async () => {
  await maintenance.stop();
  await client.connection.close();
  await nova.stop();
  await database.drop();
});
afterEach(() => nova.moods.clear());

const replays = (...args: string[]) =>
  runOps({ DATABASE_URL: urlsOf(database.url).operator, TASK_QUEUE_PREFIX: nova.prefix }, ...['replays', ...args]);
const planOf = async (name: string, ...args: string[]) => {
  const { code, stdout, stderr } = await replays('plan', name, '--reason', 'INC', '--json', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as { events: number; healed: number; groups: { step: string; events: number }[] };
};
const workOff = async (name: string, ...args: string[]) => {
  expect(await replays('start', name, ...args)).toMatchObject({ code: 0 });
  return nova.client.workflow.getHandle<() => Promise<ReplayReport>>(replayRunId(nova.prefix, name));
};

const follow = () =>
  insertEvent(database.pool, 'follow.added', { follower_id: newId(), followee_id: newId() }, { started: true });

/** Runs that ended badly, and are in the list of Temporal. */
async function failed(count: number, activity: string): Promise<string[]> {
  nova.moods.set(activity, 'hopeless');
  const refs = await Promise.all(Array.from({ length: count }, follow));
  const runs = await Promise.all(refs.map((ref) => nova.start('followWorkflow', ref)));
  await Promise.allSettled(runs.map((run) => run.result()));
  nova.moods.delete(activity);
  const ids = refs.map(({ eventId }) => eventId);
  await listed(ids, 'Failed');
  return ids;
}
const listed = (ids: readonly string[], status: string) =>
  waitFor(async () => {
    const query = `WorkflowId IN (${ids.map((id) => `'${id}'`).join(', ')}) AND ExecutionStatus = '${status}'`;
    return (await nova.client.workflow.count(query)).count === ids.length;
  });
const calls = (activity: string, ids: readonly string[]) =>
  ids.map((id) => nova.calls.filter((call) => call === `${activity} ${id}`).length);

it('takes runs up again before the step that failed, each once, although the worker dies in the middle', async () => {
  const [emits, follows] = [await failed(5, 'emitEvent'), await failed(3, 'feedFollow')];
  const all = [...emits, ...follows];
  const { events, groups } = await planOf('inc-1', '--code', 'EVENT_NOT_FOUND', '--since', '1h');
  expect(events).toBe(8);
  expect(groups.map(({ step, events: count }) => ({ step, count }))).toEqual([
    { step: 'emitEvent', count: 5 },
    { step: 'feedFollow', count: 3 },
  ]);
  const before = calls('emitEvent', emits);

  dies = new Error('killed after Temporal was asked');
  const work = await workOff('inc-1', '--per-second', '20');
  const { progress } = await work.result();
  expect(progress).toEqual({ planned: 0, started: 0, completed: 8, failed: 0, healed: 0, refused: 0 });
  for (const id of all) expect((await nova.client.workflow.getHandle(id).describe()).status.name).toBe('COMPLETED');
  expect(calls('emitEvent', emits)).toEqual(before.map((count) => count + 1));
  const { raw } = await nova.client.workflow.getHandle(emits[0]!).describe();
  expect(raw.workflowExecutionInfo?.priority?.priorityKey).toBe(replayPriorityKey);

  const again = await replays('plan', 'inc-2', '--reason', 'twice');
  expect(again).toMatchObject({ code: 1, stdout: expect.stringMatching(/^no event is meant\n8 are healed/) as string });
  const shown = await replays('show', 'inc-1');
  expect(shown.stdout).toMatch(/8 of 8 · 8 completed/);
  const acts = await runOps({ DATABASE_URL: urlsOf(database.url).operator }, 'acts', '--of', 'inc-1', '--json');
  expect(acts.stdout).toMatch(/"replays start".*"replays plan"/);
  expect((await replays('list')).stdout).toMatch(/^PLAN .*\ninc-1 .* INC/);
});

it('leaves out what is healed when its turn comes, and says what fails once more', async () => {
  const [healed, worse, hopeless] = (await failed(3, 'emitEvent')) as [string, string, string];
  expect(await planOf('inc-3', '--type', 'follow.added')).toMatchObject({ events: 3 });
  await resetByHand(healed);
  nova.moods.set('emitEvent', 'hopeless');
  await expect(resetByHand(worse)).rejects.toThrow();
  const work = await workOff('inc-3', '--per-second', '20');
  expect((await work.result()).progress).toMatchObject({ healed: 1, refused: 1, failed: 1, completed: 0 });
  const shown = await replays('show', 'inc-3');
  expect(shown).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`${hopeless} failed: npx nova show`) as string,
  });
});

/** As an operator does who was quicker. Ends as the new run does. */
async function resetByHand(workflowId: string): Promise<unknown> {
  const { runId } = await nova.client.workflow.getHandle(workflowId).describe();
  const reset = await nova.client.workflowService.resetWorkflowExecution({
    namespace: nova.client.options.namespace,
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: 4 as never,
    requestId: newId(),
    reason: 'another operator was quicker',
  });
  return nova.client.workflow.getHandle(workflowId, reset.runId ?? '').result();
}

it('is paused, goes on at another pace, and is stopped, by command', async () => {
  await failed(6, 'emitEvent');
  expect((await planOf('inc-4')).events).toBeGreaterThanOrEqual(6);
  const work = await workOff('inc-4', '--per-second', '0.2');
  const progress = () => work.query<ReplayReport>('progress');
  await waitFor(async () => (await progress()).progress.planned < 6);
  // In the Web UI: how far it is, and below that what it waits for.
  const metadata = () => work.query<temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata');
  await waitFor(async () =>
    /^`.*` \d+ of \d+[^]*a second[^]*- \*\*the pace\*\* since/.test((await metadata()).currentDetails ?? ''),
  );
  expect(await replays('pause', 'inc-4', '--reason', 'the mail server is slow')).toMatchObject({ code: 0 });
  await waitFor(async () => (await progress()).paused?.reason === 'the mail server is slow');
  expect((await replays('start', 'inc-4')).stderr).toMatch(/is being worked off/);
  const { planned } = (await progress()).progress;
  expect(await replays('pace', 'inc-4', '100')).toMatchObject({ code: 0 });
  await setTimeout(2_000);
  expect((await progress()).progress.planned).toBe(planned);
  expect(await replays('stop', 'inc-4')).toMatchObject({ code: 0 });
  expect((await work.result()).progress.planned).toBeGreaterThan(0);
  expect((await replays('show', 'inc-4')).stdout).toMatch(/it is not being worked off: npx nova replays start inc-4/);
  const on = await workOff('inc-4', '--per-second', '0.2');
  expect(await replays('pace', 'inc-4', '100')).toMatchObject({ code: 0 });
  expect((await on.result()).progress).toMatchObject({ planned: 0, failed: 0 });
});

it('a run that was cancelled or terminated goes on, and one that had done nothing is started by a further run', async () => {
  nova.moods.set('emitEvent', 'away');
  const [cancelled, terminated] = [await follow(), await follow()];
  const runs = await Promise.all([cancelled, terminated].map((ref) => nova.start('followWorkflow', ref)));
  for (const run of runs) await waitFor(async () => ((await run.describe()).raw.pendingActivities ?? []).length);
  await runs[0]!.cancel();
  await runs[1]!.terminate('the panic button');
  await Promise.allSettled(runs.map((run) => run.result()));
  await maintenanceOnly(async () => {
    const idle = await follow();
    const run = await nova.start('followWorkflow', idle);
    await run.terminate('before a worker had it');
    await listed([idle.eventId, terminated.eventId], 'Terminated');
    await listed([cancelled.eventId], 'Canceled');
    // Housekeeping has given up what the run would have sent.
    await database.pool.query(
      `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, reason)
       SELECT $1, gen_random_uuid(), 'email', 'x', state, reason FROM (VALUES ('skipped', 'RUN_ENDED'), ('sent', NULL)) AS d (state, reason)`,
      [terminated.eventId],
    );
    expect(await planOf('inc-5', '--status', 'canceled,terminated')).toMatchObject({
      events: 3,
      deliveries: { settled: 1, open: 1 },
    });
    return idle;
  }).then(async (idle) => {
    const work = await workOff('inc-5', '--per-second', '20');
    expect((await work.result()).progress).toMatchObject({ completed: 3, failed: 0, refused: 0 });
    for (const { eventId } of [cancelled, terminated])
      expect((await nova.client.workflow.getHandle(eventId).describe()).status.name).toBe('COMPLETED');
    const { events } = await nova.client.workflow.getHandle(cancelled.eventId).fetchHistory();
    expect(events?.filter((event) => event.workflowExecutionCancelRequestedEventAttributes != null)).toEqual([]);
    const { rows } = await database.pool.query<{ state: string; reason: string | null }>(
      `SELECT state, reason FROM notification_deliveries WHERE event_id = $1 ORDER BY state`,
      [terminated.eventId],
    );
    expect(rows).toEqual([
      { state: 'pending', reason: 'REPLAYED' },
      { state: 'sent', reason: null },
    ]);
    const further = nova.client.workflow.getHandle(`${idle.eventId}/replay-1`);
    await further.result();
    expect((await further.describe()).raw.workflowExecutionInfo?.priority?.priorityKey).toBe(replayPriorityKey);
  });
});

it('what the audit has found is a plan, too: a run that is gone is started from its beginning, and twice is once', async () => {
  const gone = await follow();
  const [bad] = (await failed(1, 'emitEvent')) as [string];
  const { eventId: pending } = await insertEvent(
    database.pool,
    'follow.added',
    { follower_id: newId(), followee_id: newId() },
    { started: false },
  );
  for (const [id, kind] of [
    [gone.eventId, 'marked_without_run'],
    [bad, 'failed_run'],
    [pending, 'lost_emit'],
  ])
    await database.pool.query(
      `INSERT INTO audit_findings (event_id, kind, detail, first_seen, last_seen) VALUES ($1, $2, 'followWorkflow', now(), now())`,
      [id, kind],
    );

  const { stdout } = await replays('plan', 'inc-6', '--found', '--reason', 'INC');
  expect(stdout).toMatch(/1 cannot be replayed: it is pending/);
  expect(stdout).toMatch(/2 events are frozen as the plan inc-6/);
  const work = await workOff('inc-6', '--per-second', '20');
  expect((await work.result()).progress).toMatchObject({ completed: 2, failed: 0, refused: 0 });
  expect(calls('emitEvent', [gone.eventId])).toEqual([1]);
  expect((await nova.client.workflow.getHandle(bad).describe()).status.name).toBe('COMPLETED');
  // A stand-in marks no row.
  await database.pool.query(`UPDATE outbox_events SET emitted_at = now() WHERE id = ANY ($1)`, [[gone.eventId, bad]]);
  expect((await replays('plan', 'inc-7', '--found', '--reason', 'INC')).stdout).toMatch(/^no event is meant/);
});

it('what Temporal has lost is found by asking it for each row, and started from its beginning; a run that was lost on the way is no reason to wait', async () => {
  const [gone, known] = [await follow(), await follow()];
  await (await nova.start('followWorkflow', known)).result();
  expect((await planOf('inc-8', '--lost', '--since', '1h')).events).toBe(1);
  const { progress } = await (await workOff('inc-8', '--per-second', '20')).result();
  expect(progress).toMatchObject({ completed: 1, failed: 0, refused: 0 });
  expect(calls('emitEvent', [gone.eventId, known.eventId])).toEqual([1, 1]);
  // A stand-in marks no row.
  await database.pool.query(`UPDATE outbox_events SET emitted_at = now() WHERE id = $1`, [gone.eventId]);
  const again = await replays('plan', 'inc-9', '--lost', '--since', '1h', '--reason', 'INC');
  expect(again.stdout).toMatch(/^no event is meant/);

  await database.pool.query(
    `UPDATE replay_items SET state = 'started', new_run = event_id || '/replay-9' WHERE plan = 'inc-8'`,
  );
  const lost = await (await workOff('inc-8')).result();
  expect(lost.progress).toMatchObject({ started: 0, failed: 1 });
  expect((await replays('show', 'inc-8')).stdout).toMatch(/Temporal does not know its run any more: plan again/);
});

/** While no worker takes the tasks of events. */
async function maintenanceOnly<T>(work: () => Promise<T>): Promise<T> {
  const { prefix } = nova;
  await nova.stop();
  nova = await startStandInWorkers({ prefix, queues: [] });
  try {
    return await work();
  } finally {
    await nova.stop();
    nova = await startStandInWorkers({ prefix });
  }
}

it('says what a wrong request should have been', async () => {
  const wrong = async (...args: string[]) => (await replays(...args)).stderr;
  expect(await wrong('plan', 'Über', '--reason', 'x')).toMatch(/is no name of a plan/);
  expect(await wrong('plan', 'inc-9')).toMatch(/--reason: it is kept/);
  expect(await wrong('plan', 'inc-9', '--reason', 'x', '--status', 'faild')).toMatch(/did you mean "?failed/i);
  expect(await wrong('plan', 'inc-9', '--reason', 'x', '--type', 'nonsense')).toMatch(
    /no event type is called nonsense/,
  );
  expect(await wrong('start', 'inc-9')).toMatch(/there is no plan inc-9/);
  expect(await wrong('start', 'inc-9', '--per-second', '0')).toMatch(/--per-second 0/);
  expect(await wrong('plan', 'inc-9', '--reason', 'x', '--found', '--code', 'X')).toMatch(/but not with --code/);
  expect(await wrong('plan', 'inc-9', '--reason', 'x', '--lost')).toMatch(/--lost needs --since/);
  expect(await wrong('plan', 'inc-9', '--reason', 'x', '--lost', '--since', '400d')).toMatch(
    /surely knows the runs of/,
  );
  expect(await wrong('stop', 'inc-9')).toMatch(/is not being worked off/);
});

import { Registry } from 'prom-client';
import { eventStory } from '../../../ops/show/event-story';
import { RunGauges, createRunGauges } from '../../../outbox-bridge/run-gauges';
import { createDeliveryGauges } from '../../../outbox-bridge/waiting-deliveries';
import { waitingRuns } from '../../../outbox-bridge/waiting-runs';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { recordingLogger } from '../../support/logger';
import { runOps } from '../../support/ops-command';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { startTestWorkers } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let workers: Awaited<ReturnType<typeof startStandInWorkers>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  workers = await startStandInWorkers();
});
afterEach(() => workers.stop());
afterAll(() => database.drop());

const follow = () =>
  insertEvent(database.pool, 'follow.added', { follower_id: newId(), followee_id: newId() }, { started: true });

async function workflowOf(id: string) {
  const { pool } = database;
  const { story } = await eventStory({ pool, outboxes: OutboxPools.one(pool), workflows: workers.client.workflow }, id);
  return story?.workflow;
}

const ops = (...args: string[]) =>
  runOps(
    { DATABASE_URL: database.url, TASK_QUEUE_PREFIX: workers.prefix, TEMPORAL_UI_URL: 'https://ui.example/' },
    ...args,
  );

/** As a careless deployment does it: the same queues, other code. */
const deployOtherCode = () =>
  startTestWorkers({
    prefix: workers.prefix,
    activities: {},
    workflowsPath: require.resolve('../../support/other-workflows'),
  });

describe('a run that has ended', () => {
  it('says what it returned, and where its page is', async () => {
    const ref = await follow();
    const run = await workers.start('followWorkflow', ref);
    const { outcome, counts } = await run.result();
    expect(await workflowOf(ref.eventId)).toMatchObject({
      status: 'COMPLETED',
      end: { at: expect.stringMatching(/^20/) as string, result: { outcome, counts }, failure: [] },
      pending: [],
      failingTask: null,
    });
    const { stdout } = await ops('show', ref.eventId);
    expect(stdout).toMatch(/\nworkflow followWorkflow: COMPLETED, \d+ history events, 20\S+ to 20/);
    expect(stdout).toMatch(/\n {2}done/);
    expect(stdout).toContain(`\n  https://ui.example/namespaces/`);
    expect(stdout).toContain(`/workflows/${ref.eventId}/${run.firstExecutionRunId}\n`);
  });

  it('says why it failed, down to the first cause', async () => {
    const ref = await follow();
    workers.moods.set('emitEvent', 'hopeless');
    const run = await workers.start('followWorkflow', ref);
    await expect(run.result()).rejects.toThrow();
    const end = (await workflowOf(ref.eventId))?.end;
    expect(end?.result).toBeNull();
    expect(end?.failure[0]).toMatch(/^EFFECT_FAILED: failed: kafka emit/);
    expect(end?.failure.at(-1)).toMatch(/^EVENT_NOT_FOUND: no row$/);
    expect((await ops('show', ref.eventId)).stdout).toMatch(
      /FAILED, .*\n.*\n {2}EFFECT_FAILED: .*\n {2}caused by EVENT_NOT_FOUND: no row/,
    );
  });

  it('says the reason that the person gave who terminated it', async () => {
    const ref = await follow();
    workers.moods.set('emitEvent', 'away');
    const run = await workers.start('followWorkflow', ref);
    await run.terminate('asked for by the operator in charge');
    expect((await workflowOf(ref.eventId))?.end?.failure).toEqual([
      expect.stringContaining('asked for by the operator in charge'),
    ]);
  });
});

describe('a run that waits', () => {
  it('names the activity, its queue, and when it is tried again', async () => {
    const ref = await follow();
    workers.moods.set('emitEvent', 'away');
    const run = await workers.start('followWorkflow', ref);
    await waitFor(async () => ((await workflowOf(ref.eventId))?.pending[0]?.attempt ?? 0) > 2);
    expect((await workflowOf(ref.eventId))?.pending).toMatchObject([
      { activity: 'emitEvent', queue: `${workers.prefix}-kafka`, lastFailure: 'gone', paused: null },
    ]);
    expect((await ops('show', ref.eventId)).stdout).toMatch(
      new RegExp(`\\n {2}waits for emitEvent, attempt \\d+ on ${workers.prefix}-kafka, (due|runs since) 20\\S+: gone`),
    );
    await run.terminate();
  });

  it('names the queue that no worker takes tasks from', async () => {
    await workers.stop();
    workers = await startStandInWorkers({ queues: ['feed'] });
    const ref = await follow();
    workers.moods.set('emitEvent', 'away');
    const run = await workers.start('followWorkflow', ref);
    const kafka = `${workers.prefix}-kafka`;
    await waitFor(async () => (await workflowOf(ref.eventId))?.queuesWithoutWorkers.includes(kafka));
    expect((await ops('show', ref.eventId)).stdout).toContain(`NO WORKER takes the tasks of ${kafka}`);
    await run.terminate();
  });
});

describe('a run that stands still', () => {
  it('is named with what its code throws: in its story, in the status, as a metric and in the log', async () => {
    const ref = await follow();
    await workers.stop();
    const other = await deployOtherCode();
    workers = await startStandInWorkers({ queues: [], prefix: workers.prefix });
    const [registry, log] = [new Registry(), recordingLogger()];
    const gauges = new RunGauges({
      ...{ pool: database.pool, workflows: workers.client.workflow, taskQueuePrefix: workers.prefix },
      ...{ runs: createRunGauges(registry), deliveries: createDeliveryGauges(registry), logger: log.logger },
    });
    const standing = async () => {
      await gauges.read();
      return (await registry.getSingleMetric('nova_runs_standing_still')?.get())?.values ?? [];
    };
    try {
      const run = await workers.start('followWorkflow', ref);
      await waitFor(async () => (await standing()).length > 0);
      const what =
        /TypeError: Cannot read properties of undefined \(reading 'created'\) \(at created \(other-workflows\.ts:\d+:\d+\)\)$/;
      expect((await workflowOf(ref.eventId))?.failingTask).toMatchObject({
        fault: 'code',
        message: expect.stringMatching(what) as string,
      });
      expect(await standing()).toEqual([{ labels: { workflow_type: 'followWorkflow', fault: 'code' }, value: 1 }]);
      const named = log.lines().filter(({ msg }) => String(msg).startsWith('runs stand still'));
      expect(named).toHaveLength(1);
      expect(named[0]).toMatchObject({ workflow_id: ref.eventId, error: expect.stringMatching(what) as string });

      expect((await ops('show', ref.eventId)).stdout).toMatch(
        /STANDS STILL since 20\S+: its workflow task fails \(code\), attempt \d+: TypeError/,
      );
      const status = await ops('status');
      expect(status.stdout).toMatch(
        new RegExp(`RUNS STAND STILL .*\\nfollowWorkflow +1 .* ${ref.eventId} +code: TypeError`),
      );
      expect(status.code).toBe(1);
      const { lookAt } = JSON.parse((await ops('status', '--json')).stdout) as { lookAt: string[] };
      expect(lookAt).toContain('runs that stand still');

      await run.terminate();
      await waitFor(async () => (await standing()).length === 0);
      expect(log.lines().at(-1)).toMatchObject({
        workflow_type: 'followWorkflow',
        msg: expect.stringContaining('no run') as string,
      });
    } finally {
      await other.stop();
    }
  });

  it('is named as non-determinism when other code wrote its history, and goes on when that code is back', async () => {
    const ref = await follow();
    workers.moods.set('emitEvent', 'away');
    await workers.start('notificationWorkflow', ref);
    await waitFor(async () => (await workflowOf(ref.eventId))?.pending.length);
    await workers.stop();
    const other = await deployOtherCode();
    workers = await startStandInWorkers({ queues: [], prefix: workers.prefix });
    try {
      // Something for the workflow to do.
      await workers.client.workflow
        .getHandle(ref.eventId)
        .signal('deleted', { aggregateType: 'x', aggregateId: newId(), reason: 'test' });
      await waitFor(async () => (await workflowOf(ref.eventId))?.failingTask);
      expect((await workflowOf(ref.eventId))?.failingTask).toMatchObject({
        fault: 'non-determinism',
        message: expect.stringMatching(/TMPRL1100|ondeterminism/) as string,
      });
      const standing = async () => (await waitingRuns(workers.client.workflow, workers.prefix)).standStill;
      await waitFor(async () => (await standing()).length > 0);
      expect(await standing()).toMatchObject([
        { workflowType: 'notificationWorkflow', fault: 'non-determinism', runs: 1 },
      ]);
    } finally {
      await other.stop();
    }
    await workers.stop();
    workers = await startStandInWorkers({ prefix: workers.prefix });
    await workers.client.workflow.getHandle(ref.eventId).result();
    expect((await workflowOf(ref.eventId))?.failingTask).toBeNull();
  });
});

it('shows the events of an aggregate to those who have no event id', async () => {
  const aggregateId = newId();
  const payload = { message_id: newId(), conversation_id: aggregateId, editor_id: newId() };
  const started = await insertEvent(database.pool, 'message.edited', payload);
  const pending = await insertEvent(database.pool, 'message.edited', payload, { started: false });
  const { stdout, code } = await ops('show', aggregateId);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    new RegExp(
      `is no event: it is the conversation of these.*\\n.*\\n${pending.eventId} .* pending\\n${started.eventId} .* started`,
    ),
  );
  const nothing = await ops('show', newId());
  expect(nothing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no outbox row') as string });
});

import { type WorkflowHandle } from '@temporalio/client';
import { makeBundle } from '../../../workers/workflow-bundle';
import { silentLogger } from '../../support/logger';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { waitFor } from '../../support/wait-for';

let workers: Awaited<ReturnType<typeof startStandInWorkers>>;
beforeAll(async () => {
  workers = await startStandInWorkers({ worker: { workflowBundle: await makeBundle(silentLogger) } });
});
afterAll(() => workers.stop());
afterEach(() => workers.moods.clear());

/** What the Web UI and `temporal workflow list` find. */
const found = async (query: string, { workflowId }: WorkflowHandle): Promise<boolean> =>
  (await workers.client.workflow.count(`WorkflowId = '${workflowId}' AND ${query}`)).count > 0;
const code = async (run: WorkflowHandle) => (await run.describe()).searchAttributes['FailureCode']?.[0] ?? null;
/** Types of the events in its history. */
const events = async (run: WorkflowHandle) =>
  ((await run.fetchHistory()).events ?? []).map((event) =>
    Object.keys(event).find((name) => name.endsWith('Attributes')),
  );

const upsert = 'upsertWorkflowSearchAttributesEventAttributes';

it('a run that waits is listed by the code of what it waits for, and no more when that is over', async () => {
  workers.moods.set('emitEvent', 'away');
  const run = await workers.start('notificationWorkflow');
  await waitFor(() => found(`FailureCode = 'KAFKA_UNAVAILABLE' AND ExecutionStatus = 'Running'`, run));
  workers.moods.clear();
  await run.result();
  expect(await code(run)).toBeNull();
  await waitFor(() => found(`FailureCode IS NULL AND ExecutionStatus = 'Completed'`, run));
});

it('a run that failed is listed by the code of why, whether its first try failed for good or a later one', async () => {
  workers.moods.set('emitEvent', 'hopeless');
  const atOnce = await workers.start('emitWorkflow');
  await expect(atOnce.result()).rejects.toThrow();
  await waitFor(() => found(`FailureCode = 'EVENT_NOT_FOUND' AND ExecutionStatus = 'Failed'`, atOnce));

  workers.moods.set('emitEvent', 'away');
  const later = await workers.start('followWorkflow');
  await waitFor(async () => (await code(later)) === 'KAFKA_UNAVAILABLE');
  workers.moods.set('emitEvent', 'hopeless');
  await expect(later.result()).rejects.toThrow();
  await waitFor(() => found(`FailureCode = 'EVENT_NOT_FOUND' AND ExecutionStatus = 'Failed'`, later));
});

it('what has failed for good comes before what still waits', async () => {
  workers.moods.set('mediaClaim', 'away');
  workers.moods.set('emitEvent', 'away');
  const run = await workers.start('feedFanoutWorkflow');
  await waitFor(async () => (await code(run)) === 'KAFKA_UNAVAILABLE');
  workers.moods.set('mediaClaim', 'hopeless');
  await waitFor(async () => (await code(run)) === 'EVENT_NOT_FOUND');
  expect((await run.describe()).status.name).toBe('RUNNING');
  await run.terminate();
});

it('a run that is terminated keeps the code of what it waited for; one that goes well costs nothing', async () => {
  workers.moods.set('emitEvent', 'away');
  const waits = await workers.start('emitWorkflow');
  await waitFor(async () => (await code(waits)) === 'KAFKA_UNAVAILABLE');
  await waits.terminate();
  await waitFor(() => found(`FailureCode = 'KAFKA_UNAVAILABLE' AND ExecutionStatus = 'Terminated'`, waits));
  workers.moods.clear();
  const well = await workers.start('followWorkflow');
  await well.result();
  expect(await events(well)).not.toContain(upsert);
  expect(await events(waits)).toContain(upsert);
});

import { type temporal } from '@temporalio/proto';
import { type RunsStory, storyQueryName } from '../../../contracts/runs-story';
import { failures } from '../../../contracts/failures';
import { makeBundle } from '../../../workers/workflow-bundle';
import { silentLogger } from '../../support/logger';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { waitFor } from '../../support/wait-for';

let workers: Awaited<ReturnType<typeof startStandInWorkers>>;
beforeAll(async () => {
  // As workers load it, and as the build writes it.
  workers = await startStandInWorkers({ worker: { workflowBundle: await makeBundle(silentLogger) } });
});
afterAll(() => workers.stop());
afterEach(() => workers.moods.clear());

type Run = Awaited<ReturnType<typeof workers.start>>;
const storyOf = (run: Run) => run.query<RunsStory>(storyQueryName);
/** What the Web UI shows. */
const detailsOf = async (run: Run) =>
  (await run.query<temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata')).currentDetails;

it('a run says what it waits for, since when, why and what to do, and no more when that is over', async () => {
  workers.moods.set('emitEvent', 'away');
  const run = await workers.start('notificationWorkflow');
  const queue = `${workers.prefix}-kafka`;
  await waitFor(async () => (await storyOf(run)).waits.length > 0);
  expect(await storyOf(run)).toEqual({
    failed: [],
    waits: [
      {
        ...{ what: 'emit to Kafka', activity: 'emitEvent', queue, until: null },
        since: expect.stringMatching(/^20\d\d-.*Z$/) as string,
        reason: 'KAFKA_UNAVAILABLE: gone',
      },
    ],
  });
  const details = await detailsOf(run);
  expect(details).toMatch(new RegExp(`^- \\*\\*emit to Kafka\\*\\* \\(\`emitEvent\` on ${queue}\\) since 20`));
  expect(details).toContain(`KAFKA_UNAVAILABLE: gone\n  - ${failures.KAFKA_UNAVAILABLE.action}`);
  workers.moods.clear();
  await run.result();
  expect(await storyOf(run)).toEqual({ waits: [], failed: [] });
  expect(await detailsOf(run)).toBe('');
});

it('a run that waits for a time says until when', async () => {
  const run = await workers.start('mediaLinkWorkflow');
  await waitFor(async () => (await storyOf(run)).waits.length > 0);
  const [wait] = (await storyOf(run)).waits;
  expect(wait).toMatchObject({ what: 'waits for its post', activity: null, reason: null });
  // As long as the stand-in says.
  expect(Date.parse(wait!.until!) - Date.parse(wait!.since)).toBe(3_600_000);
  expect(await detailsOf(run)).toBe(
    `- **waits for its post** since ${wait!.since}, until ${wait!.until} at the latest`,
  );
  await run.terminate();
});

it('a run that failed says which effect did, and why', async () => {
  workers.moods.set('emitEvent', 'away');
  const run = await workers.start('followWorkflow');
  await waitFor(async () => (await storyOf(run)).waits.length > 0);
  workers.moods.set('emitEvent', 'hopeless');
  await expect(run.result()).rejects.toThrow();
  expect(await storyOf(run)).toMatchObject({
    waits: [],
    failed: [{ what: 'emit to Kafka', reason: 'EVENT_NOT_FOUND: no row' }],
  });
  expect(await detailsOf(run)).toContain('**emit to Kafka FAILED**');
});

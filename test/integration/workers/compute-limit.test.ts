import { taskQueue } from '../../../contracts/workflow-types';
import { limits } from '../../../contracts/time-budgets';
import { configFrom } from '../../../runtime/config';
import { workerSettings } from '../../../workers/settings';
import { WorkerGroup } from '../../../workers/worker-group';
import { environmentOf } from '../../../dev/stack/addresses';
import { newId } from '../../support/events';
import { silentLogger } from '../../support/logger';
import { servers } from '../../support/servers';
import { createTestClient, patientRun, quietRuntime, startTestWorkers, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

it('workflow code that gets no time for longer than the SDK allows ends no process', async () => {
  const [client, prefix] = [await createTestClient(), testQueuePrefix()];
  const workflowsPath = require.resolve('../../support/long-computing-workflow');
  const workers = await startTestWorkers({ prefix, activities: {}, queues: ['kafka'], workflowsPath });
  const options = { ...patientRun, workflowId: newId(), taskQueue: taskQueue(prefix, 'kafka') };
  try {
    const run = await client.workflow.start('longComputingWorkflow', options);
    const failures = async () =>
      ((await run.fetchHistory()).events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
        failed == null ? [] : [failed.failure?.message],
      );
    await waitFor(async () => (await failures()).length > 0 || (await run.describe()).status.name === 'COMPLETED');
    expect(await failures()).toEqual([]);
  } finally {
    await workers.stop();
    await client.connection.close();
  }
});

it('is longer than a workflow task, which Temporal ends first', () => {
  expect(limits.computeMs).toBeGreaterThan(limits.workflowTaskMs);
});

it('the SDK takes our limit, for each Worker of the product', async () => {
  quietRuntime();
  const environment = {
    ...environmentOf(servers()),
    TASK_QUEUE_PREFIX: testQueuePrefix(),
    WORKER_QUEUES: 'kafka,media',
  };
  const group = new WorkerGroup(configFrom(workerSettings, environment), {}, silentLogger, async () => undefined);
  await group.start();
  try {
    await waitFor(() => group.health().ok, { what: 'workers' });
    expect(group['workers'].map(({ options }) => options.isolateExecutionTimeoutMs)).toEqual([
      limits.computeMs,
      limits.computeMs,
    ]);
  } finally {
    await group.stop();
  }
});

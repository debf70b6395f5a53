import { type WorkflowHandle } from '@temporalio/client';
import { type WorkflowType, workflowTypes } from '../../../contracts/workflow-types';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { waitFor } from '../../support/wait-for';

let lab: Awaited<ReturnType<typeof startStandInWorkers>>;
beforeAll(async () => {
  lab = await startStandInWorkers();
});
afterEach(() => lab.moods.clear());
afterAll(() => lab.stop());

const types = Object.keys(workflowTypes) as WorkflowType[];
const ending = async (run: WorkflowHandle) => {
  const failure = await run.result().then(
    () => null,
    (thrown: { cause?: Error }) => thrown.cause?.message,
  );
  const { status, memo } = await run.describe();
  return { status: status.name, notDone: memo?.['notDone'], failure };
};
/** With every first try over: no workflow task is under way. */
const isWaiting = (run: WorkflowHandle) => async () => {
  const { pendingActivities, pendingWorkflowTask } = (await run.describe()).raw;
  return (pendingActivities ?? []).length > 0 && pendingWorkflowTask == null;
};

/** Runs of every type at once. */
async function ofEveryType<T>(work: (type: WorkflowType) => Promise<T>): Promise<Record<WorkflowType, T>> {
  const entries = await Promise.all(types.map(async (type) => [type, await work(type)] as const));
  return Object.fromEntries(entries) as Record<WorkflowType, T>;
}

describe('a run that is cancelled', () => {
  it('while it waits for a dependency ends as cancelled and names what was not done', async () => {
    for (const name of ['emitEvent', 'notifyDeliver', 'notifyRetract', 'feedFanoutPages']) lab.moods.set(name, 'away');
    const endings = await ofEveryType(async (type) => {
      const run = await lab.start(type);
      await waitFor(isWaiting(run), { what: `${type} waiting` });
      await run.cancel();
      return ending(run);
    });
    const cancelled = (...notDone: string[]) => ({ status: 'CANCELLED', notDone, failure: 'Workflow canceled' });
    expect(endings).toEqual({
      feedFanoutWorkflow: cancelled('feed', 'notify', 'kafka emit'),
      postRefreshWorkflow: cancelled('kafka emit'),
      retractionWorkflow: cancelled('notices', 'kafka emit'),
      followWorkflow: cancelled('notify', 'kafka emit'),
      mediaLinkWorkflow: cancelled('media link', 'kafka emit'),
      notificationWorkflow: cancelled('notify', 'kafka emit'),
      identityWorkflow: cancelled('identity and purge', 'kafka emit'),
      emitWorkflow: cancelled('kafka emit'),
    });
  });

  it('while a local try runs ends as cancelled, not as failed, and what is done is not called undone', async () => {
    const first: Record<WorkflowType, string> = {
      feedFanoutWorkflow: 'feedBegin',
      postRefreshWorkflow: 'feedRefresh',
      retractionWorkflow: 'retractBegin',
      followWorkflow: 'feedFollow',
      mediaLinkWorkflow: 'mediaLink',
      notificationWorkflow: 'notifyInApp',
      identityWorkflow: 'identityApply',
      emitWorkflow: 'emitEvent',
    };
    const endings: unknown[] = [];
    for (const type of types) {
      const name = first[type];
      lab.moods.set(name, 'hangs');
      const run = await lab.start(type);
      await waitFor(() => lab.calls.includes(`${name} ${run.workflowId}`));
      await run.cancel();
      const { status, notDone } = await ending(run);
      // A cancellation that came in the very last task has nothing left to keep from being done.
      endings.push({ type, fine: status === (notDone === undefined ? 'COMPLETED' : 'CANCELLED') });
      lab.moods.clear();
    }
    expect(endings).toEqual(types.map((type) => ({ type, fine: true })));
  });

  it('keeps whose run it is in the memo beside what was not done', async () => {
    lab.moods.set('emitEvent', 'away');
    const run = await lab.start('emitWorkflow');
    await waitFor(isWaiting(run));
    await run.cancel();
    await ending(run);
    expect((await run.describe()).memo).toEqual({ eventId: run.workflowId, sequence: 1, notDone: ['kafka emit'] });
  });
});

describe('what a failed run says of its other effects is true', () => {
  it('a fan-out without its first step has neither claimed media nor notified anyone', async () => {
    lab.moods.set('feedBegin', 'hopeless');
    const run = await lab.start('feedFanoutWorkflow');
    expect(await ending(run)).toMatchObject({
      status: 'FAILED',
      failure: 'failed: feed, media claim, notify; the other effects are done',
    });
    expect(lab.calls).toContain(`emitEvent ${run.workflowId}`);
  });

  it('an upload that cannot be linked is on Kafka all the same', async () => {
    lab.moods.set('mediaLink', 'hopeless');
    const run = await lab.start('mediaLinkWorkflow');
    expect(await ending(run)).toMatchObject({
      status: 'FAILED',
      failure: 'failed: media link; the other effects are done',
    });
    expect(lab.calls).toContain(`emitEvent ${run.workflowId}`);
  });

  it('there is no talk of others where there are none', async () => {
    lab.moods.set('identityApply', 'hopeless');
    lab.moods.set('emitEvent', 'hopeless');
    const run = await lab.start('identityWorkflow');
    expect(await ending(run)).toMatchObject({ failure: 'failed: identity and purge, kafka emit' });
  });
});

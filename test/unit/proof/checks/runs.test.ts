import { checkWorkflows } from '../../../../proof/checks/runs';
import { event, truthOf } from './truth-of';

const first = event('comment.created', {});
const second = event('comment.created', {});
const truth = truthOf({ events: [first, second], rolledBack: new Set(['rolled-back']) });
const run = (workflowId: string, status = 'COMPLETED', firstRunId = workflowId) => ({
  workflowId,
  runId: `${firstRunId} ${status}`,
  firstRunId,
  status,
  type: 'notificationWorkflow',
  outcome: undefined,
});

describe('the workflows check', () => {
  it('holds when every event has one completed workflow', () => {
    const result = checkWorkflows(truth, [run(first.id), run(second.id)]);
    expect(result).toMatchObject({ ok: true, counts: { workflows: 2, missing: 0, duplicates: 0 } });
  });

  it('counts a workflow that continued as new once', () => {
    const runs = [run(first.id), run(first.id, 'CONTINUED_AS_NEW'), run(second.id)];
    expect(checkWorkflows(truth, runs).ok).toBe(true);
  });

  it('fails when an event has no workflow', () => {
    expect(checkWorkflows(truth, [run(first.id)])).toMatchObject({
      ok: false,
      counts: { missing: 1 },
      offenders: [expect.stringContaining(second.id)],
    });
  });

  it('fails when an event ran twice', () => {
    const result = checkWorkflows(truth, [run(first.id), run(second.id), run(second.id, 'COMPLETED', 'again')]);
    expect(result).toMatchObject({ ok: false, counts: { duplicates: 1 } });
  });

  it.each(['FAILED', 'RUNNING', 'TIMED_OUT', 'TERMINATED', 'CONTINUED_AS_NEW'])(
    'fails on a workflow that is %s',
    (status) => {
      expect(checkWorkflows(truth, [run(first.id), run(second.id, status)]).ok).toBe(false);
    },
  );

  it('fails when a rolled-back event has a workflow', () => {
    const result = checkWorkflows(truth, [run(first.id), run(second.id), run('rolled-back')]);
    expect(result).toMatchObject({ ok: false, offenders: [expect.stringContaining('a rolled-back event')] });
  });

  it('fails on a workflow without an event', () => {
    const result = checkWorkflows(truth, [run(first.id), run(second.id), run('stranger')]);
    expect(result).toMatchObject({ ok: false, offenders: [expect.stringContaining('no event of this run')] });
  });

  it('fails when the outbox does not hold what was committed', () => {
    expect(checkWorkflows(truth, [run(first.id), run(second.id)], ['event x is not there']).ok).toBe(false);
  });
});

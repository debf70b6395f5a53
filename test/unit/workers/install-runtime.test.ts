import { ApplicationFailure } from '@temporalio/common';
import { temporalLogger } from '../../../workers/install-runtime';
import { reportedFailure } from '../../../workers/lines-of-sdk';
import { recordingLogger } from '../../support/logger';

const failure = `Failure { failure: Some(Failure { message: "Cannot read \\"created\\"", source: "TypeScriptSDK", stack_trace: "at x", encoded_attributes: None, cause: None, failure_info: Some(ApplicationFailureInfo(ApplicationFailureInfo { r#type: "TypeError", non_retryable: false })) }), force_cause: Unspecified }`;
const run = '0190a1b2-0000-7000-8000-00000000000a';
const event = '0190a1b2-0000-7000-8000-000000000001';

/** What the SDK logs when a try of an activity fails. */
function activityFails(code: string, options: { readonly outbox?: string; readonly nonRetryable?: boolean } = {}) {
  const { outbox, nonRetryable = false } = options;
  const { logger, lines } = recordingLogger();
  const sdk = temporalLogger(logger);
  const error = ApplicationFailure.create({ message: `${code}: connect ECONNREFUSED`, type: code, nonRetryable });
  for (let i = 0; i < 500; i++)
    sdk.warn('Activity failed', { workflowId: event, activityType: 'feedBegin', event_id: event, outbox, error });
  return lines();
}
const warnings = (lines: Record<string, unknown>[]) => lines.filter(({ level }) => level === 40);

it('logs a failing workflow task with the run, its workflow, its event and what its code threw', async () => {
  const { logger, lines } = recordingLogger();
  const asked: string[] = [];
  const sdk = temporalLogger(logger, async (runId) => {
    asked.push(runId);
    return `${event}/replay-2`;
  });
  for (let i = 0; i < 20; i++) sdk.warn('Failing workflow task', { run_id: run, failure });
  await new Promise(setImmediate);
  expect(warnings(lines())).toMatchObject([
    {
      msg: 'Failing workflow task',
      run_id: run,
      workflow_id: `${event}/replay-2`,
      event_id: event,
      error: 'TypeError: Cannot read "created"',
    },
  ]);
  expect(asked).toEqual([run]);
});

it('logs a failing workflow task without its workflow where Temporal does not say', async () => {
  const { logger, lines } = recordingLogger();
  temporalLogger(logger, async () => undefined).warn('Failing workflow task', { run_id: run, failure });
  await new Promise(setImmediate);
  expect(warnings(lines())).toMatchObject([{ run_id: run, error: 'TypeError: Cannot read "created"' }]);
});

it('logs what it cannot read as it is, and not without end', () => {
  expect(reportedFailure('something else')).toBe('something else');
  expect(reportedFailure(`Failure { ${'x'.repeat(5_000)}`).length).toBeLessThanOrEqual(500);
});

it('names the error of an activity once', () => {
  const { logger, lines } = recordingLogger();
  temporalLogger(logger).warn('Activity failed', { workflowId: 'w', error: new Error('two\nlines') });
  expect(lines()).toMatchObject([{ workflow_id: 'w', error: 'two lines' }]);
});

it('does not log each event and each try while a server is away: one line, with its code and an event as the example', () => {
  const lines = activityFails('REDIS_UNAVAILABLE', { outbox: 'content' });
  expect(warnings(lines)).toMatchObject([{ code: 'REDIS_UNAVAILABLE', outbox: 'content', event_id: event }]);
  expect(lines).toHaveLength(500);
});

it('does not log each try of an activity that has a bug', () => {
  const { logger, lines } = recordingLogger();
  for (const id of [1, 2, 3])
    temporalLogger(logger).warn('Activity failed', {
      activityType: 'feedBegin',
      error: new Error(`no locale of ${id}`),
    });
  expect(warnings(lines())).toHaveLength(1);
});

it('logs a Temporal that is away once, whatever calls are tried again', () => {
  const { logger, lines } = recordingLogger();
  for (const call of ['poll_workflow_task_queue', 'poll_activity_task_queue', 'respond_workflow_task_completed'])
    temporalLogger(logger).warn(`gRPC call ${call} retried 6 times`, {
      sdkComponent: 'core',
      error: 'Status { code: Unavailable, message: "tcp connect error" }',
    });
  expect(warnings(lines())).toMatchObject([{ code: 'TEMPORAL_UNAVAILABLE' }]);
});

it('logs each event that is itself at fault', () => {
  expect(warnings(activityFails('INVALID_PAYLOAD', { nonRetryable: true }))).toHaveLength(500);
});

it('says of a workflow that failed which event that is, and why at the end of its causes', () => {
  const { logger, lines } = recordingLogger();
  const cause = new Error('Activity task failed', { cause: new Error('INVALID_PAYLOAD: caption: Required') });
  const error = new Error('failed: feed; the other effects are done', { cause });
  for (let i = 0; i < 2; i++) temporalLogger(logger).warn('Workflow failed', { workflowId: event, runId: run, error });
  expect(warnings(lines())).toHaveLength(2);
  expect(lines()[0]).toMatchObject({
    ...{ workflow_id: event, run_id: run, event_id: event },
    error: 'failed: feed; the other effects are done',
    cause: 'INVALID_PAYLOAD: caption: Required',
  });
});

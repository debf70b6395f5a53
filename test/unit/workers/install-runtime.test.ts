import { reportedFailure, temporalLogger } from '../../../workers/install-runtime';
import { recordingLogger } from '../../support/logger';

const failure = `Failure { failure: Some(Failure { message: "Cannot read \\"created\\"", source: "TypeScriptSDK", stack_trace: "at x", encoded_attributes: None, cause: None, failure_info: Some(ApplicationFailureInfo(ApplicationFailureInfo { r#type: "TypeError", non_retryable: false })) }), force_cause: Unspecified }`;

it('logs a failing workflow task with the run and what its code threw', () => {
  const { logger, lines } = recordingLogger();
  temporalLogger(logger).warn('Failing workflow task', { runId: 'r', failure });
  expect(lines()).toMatchObject([
    { msg: 'Failing workflow task', run_id: 'r', error: 'TypeError: Cannot read "created"' },
  ]);
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

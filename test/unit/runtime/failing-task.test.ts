import { temporal } from '@temporalio/proto';
import { failingTaskAmong } from '../../../runtime/failing-task';

const { WorkflowTaskFailedCause } = temporal.api.enums.v1;

const eventTime = { seconds: 1_700_000_000, nanos: 500_000_000 } as unknown as { readonly seconds: never };
const failed = (message: string, type: string, cause?: keyof typeof WorkflowTaskFailedCause) => ({
  eventTime,
  workflowTaskFailedEventAttributes: {
    failure: { message, applicationFailureInfo: { type } },
    ...(cause === undefined ? {} : { cause: WorkflowTaskFailedCause[cause] }),
  },
});
const signalled = { workflowExecutionSignaledEventAttributes: {} };
const timedOut = { eventTime, workflowTaskTimedOutEventAttributes: {} };
const completed = { workflowTaskCompletedEventAttributes: {} };

it('says what the code threw, and since when, whatever has arrived since then', () => {
  expect(failingTaskAmong([signalled, failed("reading 'created'", 'TypeError'), completed], 7)).toEqual({
    ...{ attempt: 7, fault: 'code', message: "TypeError: reading 'created'", sinceMs: 1_700_000_000_500 },
  });
});

it('takes type and place from the stack, where the SDK says them nowhere else, without the folders of the build', () => {
  const at = (place: string): string =>
    `/app/bundle.js:9\n  throw this.error;\n  ^\n\nTypeError: it is not there\n    at ${place}\n    at next (/x/y.ts:1:1)`;
  const of = (stackTrace: string) =>
    failingTaskAmong(
      [{ eventTime, workflowTaskFailedEventAttributes: { failure: { message: 'it is not there', stackTrace } } }],
      2,
    )?.message;
  expect(of(at('created (/app/workflows/feed.ts:8:19)'))).toBe(
    'TypeError: it is not there (at created (feed.ts:8:19))',
  );
  expect(of(at('C:\\app\\workflows\\feed.ts:8:19'))).toBe('TypeError: it is not there (at feed.ts:8:19)');
  expect(of('no stack of an error')).toBe('it is not there');
});

it('knows a history of other code by the cause, and by the text where the cause is another', () => {
  const cause = 'WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR';
  expect(failingTaskAmong([failed('x', 'Error', cause)], 2)).toMatchObject({ fault: 'non-determinism', message: 'x' });
  const text = '[TMPRL1100] Nondeterminism error: Timer machine does not handle this event';
  expect(failingTaskAmong([failed(text, 'Error')], 2)).toMatchObject({ fault: 'non-determinism', message: text });
});

it('takes one reply that did not come for nothing, and several for a fault', () => {
  expect(failingTaskAmong([timedOut], 2)).toBeNull();
  expect(failingTaskAmong([timedOut], 3)).toMatchObject({ fault: 'timeout', attempt: 3 });
});

it('finds nothing where the last task that ended went well', () => {
  expect(failingTaskAmong([signalled, completed, failed('old', 'Error')], 2)).toBeNull();
  expect(failingTaskAmong([], 2)).toBeNull();
});

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { type temporal } from '@temporalio/proto';
import { resetPointOf } from '../../../../activities/replay/reset-point';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Numbers the events as Temporal does. */
const history = (...events: object[]): HistoryEvent[] =>
  events.map((event, i) => ({ eventId: (i + 1) as never, ...event }));
const started = { workflowExecutionStartedEventAttributes: {} };
const completedTask = { workflowTaskCompletedEventAttributes: {} };
const scheduled = (name: string, task: number) => ({
  activityTaskScheduledEventAttributes: { activityType: { name }, workflowTaskCompletedEventId: task },
});
const failure = (type: string, message: string) => ({ message, applicationFailureInfo: { type } });
const failedActivity = (of: number, type: string) => ({
  activityTaskFailedEventAttributes: {
    scheduledEventId: of,
    failure: { message: 'activity failed', cause: failure(type, 'the first cause') },
  },
});
const local = (name: string, task: number, type?: string) => ({
  markerRecordedEventAttributes: {
    markerName: 'core_local_activity',
    workflowTaskCompletedEventId: task,
    details: { data: { payloads: [{ data: Buffer.from(JSON.stringify({ activity_type: name })) }] } },
    ...(type === undefined ? {} : { failure: failure(type, 'not possible') }),
  },
});
const failedRun = { workflowExecutionFailedEventAttributes: { failure: failure('EFFECT_FAILED', 'failed: x') } };

describe('a run that failed', () => {
  it('goes on before the step that failed for good, with its first cause', () => {
    const events = history(
      ...[started, completedTask, local('feedBegin', 2), scheduled('notifyPages', 2), scheduled('emitEvent', 2)],
      ...[completedTask, scheduled('mediaLink', 6), failedActivity(7, 'INVALID_PAYLOAD'), failedRun],
    );
    expect(resetPointOf(events)).toEqual({ eventId: 6, step: 'mediaLink', why: 'INVALID_PAYLOAD: the first cause' });
  });

  it('takes the first of several, and none that was begun once more after it had failed', () => {
    const events = history(
      ...[started, completedTask, scheduled('notifyPages', 2), failedActivity(3, 'Error'), completedTask],
      ...[scheduled('notifyPages', 5), completedTask, scheduled('mediaLink', 7), scheduled('emitEvent', 7)],
      ...[failedActivity(9, 'TOPIC_MISSING'), failedActivity(8, 'INVALID_PAYLOAD'), failedRun],
    );
    expect(resetPointOf(events)).toMatchObject({ eventId: 7 });
  });

  it('takes a first try inside the worker for the end where none in earnest followed', () => {
    const tried = history(started, completedTask, local('emitEvent', 2, 'EVENT_NOT_FOUND'), failedRun);
    expect(resetPointOf(tried)).toEqual({ eventId: 2, step: 'emitEvent', why: 'EVENT_NOT_FOUND: not possible' });
    const events = history(
      ...[started, completedTask, local('feedBegin', 2, 'Error'), scheduled('feedBegin', 2), completedTask],
      ...[local('emitEvent', 5, 'EVENT_NOT_FOUND'), failedRun],
    );
    expect(resetPointOf(events)).toMatchObject({ eventId: 5, step: 'emitEvent' });
  });

  it('runs again from its first task where no step failed, but its own code', () => {
    const events = history(started, completedTask, local('emitEvent', 2), completedTask, failedRun);
    expect(resetPointOf(events)).toEqual({ eventId: 2, step: null, why: 'EFFECT_FAILED: failed: x' });
  });
});

describe('a run that was ended', () => {
  const waiting = [started, completedTask, completedTask, scheduled('emitEvent', 3)];

  it('goes on at its last task, whatever had failed before', () => {
    const ended = { workflowExecutionTerminatedEventAttributes: { reason: 'the panic button' } };
    expect(resetPointOf(history(...waiting, failedActivity(4, 'X'), ended))).toEqual({
      ...{ eventId: 3, step: null, why: 'TERMINATED: the panic button' },
    });
    expect(resetPointOf(history(...waiting, { workflowExecutionTimedOutEventAttributes: {} }))?.why).toMatch(
      /^TIMED_OUT/,
    );
  });

  it('goes on before its cancellation, which would end it again', () => {
    const events = history(...[...waiting, { workflowExecutionCancelRequestedEventAttributes: {} }, completedTask], {
      workflowExecutionCanceledEventAttributes: {},
    });
    expect(resetPointOf(events)).toMatchObject({ eventId: 3, why: expect.stringMatching(/^CANCELED/) as string });
  });

  it('has nothing to go back to before its first task', () => {
    expect(resetPointOf(history(started, { workflowExecutionTerminatedEventAttributes: {} }))).toBeNull();
  });
});

it('finds a completed workflow task in every history that is kept', () => {
  const folder = 'test/replay/histories';
  for (const file of readdirSync(folder)) {
    const events = historyFromJSON(JSON.parse(readFileSync(join(folder, file), 'utf8'))).events ?? [];
    const ids = events.flatMap((e) => (e.workflowTaskCompletedEventAttributes == null ? [] : [Number(e.eventId)]));
    expect({ file, found: ids.includes(resetPointOf(events)?.eventId ?? 0) }).toEqual({ file, found: true });
  }
});

import { type temporal } from '@temporalio/proto';
import { oneLine, withType } from '../../runtime/errors';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Failure = temporal.api.failure.v1.IFailure;

/** Where a run that ended badly is taken up again, and why it ended. */
export interface ResetPoint {
  /** Id of the WorkflowTaskCompleted that is taken back, with all that follows: the run goes on before the step that failed. */
  readonly eventId: number;
  /** `emitEvent`; null: no step failed, the run was ended or its own code failed. */
  readonly step: string | null;
  /** One line that begins with its code: `INVALID_PAYLOAD: audience: Required`. */
  readonly why: string;
}

/**
 * Of a run that was terminated, cancelled or out of time: its last workflow task, before a person asked for its end. Of one that failed: the task
 * that began the first step which failed for good. What was done before stays done, and is not repeated; Temporal schedules again what was under way.
 * @param events the whole history, the oldest first
 * @returns null: no workflow task has completed, so there is nothing to go back to
 */
export function resetPointOf(events: readonly HistoryEvent[]): ResetPoint | null {
  const isFailed = events.at(-1)?.workflowExecutionFailedEventAttributes != null;
  const failed = isFailed ? firstFailedStep(events) : undefined;
  if (failed !== undefined) return failed;
  const why = endOf(events);
  // A cancellation that is kept would end the run again.
  const asked = events.findIndex((event) => event.workflowExecutionCancelRequestedEventAttributes != null);
  const before = asked === -1 ? events : events.slice(0, asked);
  const completed = before.filter((event) => event.workflowTaskCompletedEventAttributes != null);
  // Code that failed by itself did so in its last task or in what it was given: all of it runs again.
  const task = isFailed ? completed[0] : completed.at(-1);
  return task === undefined ? null : { eventId: Number(task.eventId), step: null, why };
}

/** The first step that failed and was not begun once more after that: a first try inside the worker that fails is followed by one in earnest. */
function firstFailedStep(events: readonly HistoryEvent[]): ResetPoint | undefined {
  const scheduled = new Map<number, { readonly step: string; readonly task: number }>();
  const failed = new Map<string, ResetPoint>();
  for (const event of events) {
    const { activityTaskScheduledEventAttributes: began, markerRecordedEventAttributes: marker } = event;
    if (began != null) {
      const step = began.activityType?.name ?? '';
      scheduled.set(Number(event.eventId), { step, task: Number(began.workflowTaskCompletedEventId) });
      failed.delete(step);
    }
    const ended = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    const of = ended == null ? undefined : scheduled.get(Number(ended.scheduledEventId));
    if (of !== undefined) failed.set(of.step, { eventId: of.task, step: of.step, why: firstLine(ended?.failure) });
    if (marker?.markerName === localActivityMarker) {
      const step = localActivityName(marker.details);
      failed.delete(step);
      if (marker.failure != null)
        failed.set(step, {
          eventId: Number(marker.workflowTaskCompletedEventId),
          step,
          why: firstLine(marker.failure),
        });
    }
  }
  return [...failed.values()].sort((one, other) => one.eventId - other.eventId)[0];
}

/** Of the SDK’s core. */
const localActivityMarker = 'core_local_activity';

function localActivityName(details: temporal.api.history.v1.IMarkerRecordedEventAttributes['details']): string {
  const data = details?.['data']?.payloads?.[0]?.data;
  try {
    const { activity_type: name } = JSON.parse(Buffer.from(data ?? []).toString('utf8')) as { activity_type?: string };
    return name ?? 'local activity';
  } catch {
    return 'local activity';
  }
}

/** Down to the first cause, which has the code. */
function firstLine(failure: Failure | null | undefined): string {
  let first = failure;
  while (first?.cause != null) first = first.cause;
  return withType(first?.applicationFailureInfo?.type, oneLine(first?.message || 'no reason was given'));
}

function endOf(events: readonly HistoryEvent[]): string {
  const last = events.at(-1);
  const failed = last?.workflowExecutionFailedEventAttributes;
  if (failed != null) return firstLine(failed.failure);
  const terminated = last?.workflowExecutionTerminatedEventAttributes;
  if (terminated != null) return `TERMINATED: ${oneLine(terminated.reason || 'no reason was given')}`;
  if (last?.workflowExecutionCanceledEventAttributes != null) return 'CANCELED: a person asked for it';
  if (last?.workflowExecutionTimedOutEventAttributes != null) return 'TIMED_OUT: the run was out of time';
  return 'OPEN: it has not ended';
}

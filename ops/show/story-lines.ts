import { taskFaultCure } from '../../runtime/failing-task';
import { type EventStory } from './event-story';
import { type RunEnd } from './run-end';
import { type PendingLine, type RunStory } from './run-story';

/** The run of an event: how it ended, or what it waits for and what to do; for people. `webUi`: its page, where one is known. */
export function storyLines(
  { row, workflow, temporalFailed }: Pick<EventStory, 'row' | 'workflow' | 'temporalFailed'>,
  webUi: string | null,
): string[] {
  if (workflow === null)
    return [
      temporalFailed === null
        ? 'no workflow of this id in Temporal'
        : 'the workflow is not known: Temporal did not reply',
    ];
  const { type, status, historyLength, since, end } = workflow;
  const left =
    workflow.notDone.length === 0 ? [] : [`  cancelled before these were done: ${workflow.notDone.join(', ')}`];
  const ignored = workflow.ignoredSignals.map((text) => `  ignored signals: ${text}`);
  const until = end?.at == null ? '' : ` to ${end.at}`;
  return [
    `workflow ${type}: ${status}, ${historyLength} history events, ${since}${until}`,
    ...(webUi === null ? [] : [`  ${webUi}`]),
    ...(end === null ? [] : endLines(end)),
    ...left,
    ...ignored,
    ...taskLines(workflow),
    ...workflow.pending.flatMap((pending) => pendingLines(String(row['id']), pending)),
    ...workflow.queuesWithoutWorkers.map(
      (queue) => `  NO WORKER takes the tasks of ${queue}: start one, or look why none asks`,
    ),
  ];
}

function endLines({ result, failure }: RunEnd): string[] {
  if (result !== null) {
    const counts = Object.entries(result.counts).map(([name, count]) => `${name} ${count}`);
    return [`  ${[result.outcome, ...counts].join(', ')}`];
  }
  return failure.map((line, i) => `  ${i === 0 ? '' : 'caused by '}${line}`);
}

function taskLines({ failingTask: failing }: RunStory): string[] {
  if (failing === null) return [];
  const since = new Date(failing.sinceMs).toISOString();
  return [
    `  STANDS STILL since ${since}: its workflow task fails (${failing.fault}), attempt ${failing.attempt}: ${failing.message}`,
    `    → ${taskFaultCure[failing.fault]}`,
  ];
}

function pendingLines(workflowId: string, pending: PendingLine): string[] {
  const { activity, activityId, attempt, lastFailure, paused, changed } = pending;
  const failure = lastFailure === null ? '' : `: ${lastFailure}`;
  const options = changed.map((change) => `    its options were changed by hand: ${change}`);
  if (paused === null) return [`  waits for ${activity}, attempt ${attempt}${whenText(pending)}${failure}`, ...options];
  const since = paused.since === null ? '' : ` since ${paused.since}`;
  const reason = paused.reason === null ? '' : ` (${paused.reason})`;
  return [
    `  ${activity}, attempt ${attempt}, is PAUSED${since} by ${paused.by}${reason}${failure}`,
    `    → temporal activity unpause --workflow-id ${workflowId} --activity-id ${activityId}`,
    ...options,
  ];
}

function whenText({ queue, runsSince, due }: PendingLine): string {
  const on = queue === null ? '' : ` on ${queue}`;
  if (runsSince !== null) return `${on}, runs since ${runsSince}`;
  return due === null ? on : `${on}, due ${due}`;
}

import { type EventStory } from './event-story';

/** What the run waits for, what it left undone, and the signals that it ignored: for people. */
export function storyLines({ row, workflow }: EventStory): string[] {
  if (workflow === null) return [];
  const left =
    workflow.notDone.length === 0 ? [] : [`  cancelled before these were done: ${workflow.notDone.join(', ')}`];
  const ignored = workflow.ignoredSignals.map((text) => `  ignored signals: ${text}`);
  return [...left, ...ignored, ...workflow.pending.flatMap((pending) => pendingLines(String(row['id']), pending))];
}

type Pending = NonNullable<EventStory['workflow']>['pending'][number];

function pendingLines(
  workflowId: string,
  { activity, activityId, attempt, lastFailure, paused, changed }: Pending,
): string[] {
  const failure = lastFailure === null ? '' : `: ${lastFailure}`;
  const options = changed.map((change) => `    its options were changed by hand: ${change}`);
  if (paused === null) return [`  waits for ${activity}, attempt ${attempt}${failure}`, ...options];
  const since = paused.since === null ? '' : ` since ${paused.since}`;
  const reason = paused.reason === null ? '' : ` (${paused.reason})`;
  return [
    `  ${activity}, attempt ${attempt}, is PAUSED${since} by ${paused.by}${reason}${failure}`,
    `    → temporal activity unpause --workflow-id ${workflowId} --activity-id ${activityId}`,
    ...options,
  ];
}

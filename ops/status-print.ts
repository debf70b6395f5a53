import { type TaskQueueLook } from '../runtime/task-queues';
import { auditScheduleText } from './audit-schedule';
import { ageText, columnLines } from './columns';
import { openFindingsText } from './open-findings';
import { type Status } from './status';
import { fillsInboxes } from '../outbox-bridge/waiting-runs';

/** What comes after the report of the outbox, for people. @param address host:port of Temporal */
export function statusText(status: Status, address: string): string {
  const { taskQueues, temporalFailed } = status;
  return [
    ...(temporalFailed === null
      ? []
      : [
          '',
          `no reply from Temporal at ${address} (TEMPORAL_ADDRESS): ${temporalFailed}; its task queues and runs were not looked at`,
        ]),
    ...(taskQueues === null ? [] : ['', ...columnLines([queueHead, ...queueRows(taskQueues)])]),
    ...waitingLines(status),
    '',
    openFindingsText(status),
    auditScheduleText(status.auditSchedule),
  ].join('\n');
}

const queueHead = ['TASK QUEUE', 'WORKERS', 'TASKS WAIT', 'OLDEST', ''];

/** One line per queue: both kinds of task, and what is wrong. */
function queueRows(looks: readonly TaskQueueLook[]): string[][] {
  return [...new Set(looks.map(({ queue }) => queue))].map((queue) => {
    const [workflow, activity] = (['workflow', 'activity'] as const).map((kind) =>
      looks.find((look) => look.queue === queue && look.kind === kind),
    );
    const waiting = (workflow?.waiting ?? 0) + (activity?.waiting ?? 0);
    const oldest = Math.max(workflow?.oldestSeconds ?? 0, activity?.oldestSeconds ?? 0);
    const fault =
      workflow?.served === false
        ? 'NO WORKER'
        : activity?.served === false
          ? 'NO WORKER TAKES ACTIVITIES, or all their slots are busy'
          : '';
    const workers = Math.max(workflow?.workers ?? 0, activity?.workers ?? 0);
    return [queue, String(workers), String(waiting), waiting === 0 ? '–' : ageText(oldest), fault];
  });
}

function waitingLines({ deliveriesWaiting, waitingRuns: runs }: Status): string[] {
  const inboxes = (runs?.waitFor ?? []).filter(({ activity }) => fillsInboxes(activity));
  const deliveries = [
    ...deliveriesWaiting.map(({ channel, deliveries: count, events, tried, oldestSeconds, reason }) => [
      channel,
      `${count} of ${events} events`,
      String(tried),
      ageText(oldestSeconds),
      reason ?? '–',
    ]),
    ...inboxes.map(({ runs: count, oldestSeconds, lastFailure }) => [
      'in_app',
      `of ${count} events`,
      String(count),
      ageText(oldestSeconds),
      lastFailure,
    ]),
  ];
  const activities = (runs?.waitFor ?? []).map(({ activity, runs: count, attempt, oldestSeconds, lastFailure }) => [
    activity,
    String(count),
    String(attempt),
    ageText(oldestSeconds),
    lastFailure,
  ]);
  return [
    ...(deliveries.length === 0
      ? ['', 'no delivery waits']
      : ['', ...columnLines([['DELIVERIES WAIT', 'HOW MANY', 'TRIED AGAIN', 'OLDEST', 'WHY'], ...deliveries])]),
    ...(activities.length === 0
      ? []
      : [
          '',
          ...columnLines([['RUNS WAIT FOR', 'RUNS', 'ATTEMPT', 'OLDEST', 'LAST FAILURE'], ...activities]),
          ...(runs !== null && runs.lookedAt < runs.open ? [`seen in ${runs.lookedAt} of ${runs.open} open runs`] : []),
        ]),
  ];
}

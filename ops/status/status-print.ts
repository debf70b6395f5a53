import { taskFaultCure, throwingCure } from '../../runtime/failing-task';
import { type WorkerProcess, livingWorker, livingWorkersOf } from '../../runtime/worker-processes';
import { type TaskQueueLook } from '../../runtime/task-queues';
import { auditScheduleText } from '../audit/audit-schedule';
import { ageText, columnLines } from '../terminal/columns';
import { openFindingsText } from '../audit/open-findings';
import { tableLines, unemittedLines } from './outbox-print';
import { type ServerLook, serverLine } from './servers';
import { type Status } from './status-said';
import { type StandStill, fillsInboxes } from '../../outbox-bridge/waiting-runs';

/** What a server that is away leaves unseen. */
function unseen({ server, failed }: ServerLook, outboxesApart: boolean): string {
  if (failed === null) return '';
  if (server === 'PostgreSQL')
    return `; ${outboxesApart ? '' : 'outbox, bridges, '}deliveries and findings were not looked at`;
  if (server === 'Temporal') return '; its task queues and runs were not looked at';
  return server.startsWith('outbox ') ? '; its rows and bridges were not looked at' : '';
}

/**
 * For people.
 * @param several whether there are outboxes to distinguish
 */
export function statusText(status: Status, several: boolean): string {
  const { taskQueues, servers } = status;
  const apart = servers.some(({ server }) => server.startsWith('outbox '));
  const tables = tableLines(status);
  return [
    ...servers.map((look) => `${serverLine(look)}${unseen(look, apart)}`),
    ...(tables.length === 0 ? [] : ['', ...tables]),
    ...unemittedLines(status, status.unemittedCauses, several),
    ...(taskQueues === null ? [] : ['', ...columnLines([queueHead, ...queueRows(taskQueues, status.workers ?? [])])]),
    ...goneLines(status.workers ?? []),
    ...waitingLines(status),
    '',
    openFindingsText(status.findings ?? null, status.pausedRuns, several),
    auditScheduleText(status.auditSchedule),
  ].join('\n');
}

const queueHead = ['TASK QUEUE', 'WORKERS', 'TASKS WAIT', 'OLDEST', ''];

/** One line per queue: both kinds of task, and what is wrong. */
export function queueRows(looks: readonly TaskQueueLook[], processes: readonly WorkerProcess[]): string[][] {
  return [...new Set(looks.map(({ queue }) => queue))].map((queue) => {
    const [workflow, activity] = (['workflow', 'activity'] as const).map((kind) =>
      looks.find((look) => look.queue === queue && look.kind === kind),
    );
    const waiting = (workflow?.waiting ?? 0) + (activity?.waiting ?? 0);
    const oldest = Math.max(workflow?.oldestSeconds ?? 0, activity?.oldestSeconds ?? 0);
    const fault =
      workflow?.served === false
        ? `NO WORKER${sinceText(processes.filter((one) => one.taskQueues.includes(queue)))}`
        : activity?.served === false
          ? 'NO WORKER TAKES ACTIVITIES, or all their slots are busy'
          : '';
    const listed = Math.max(workflow?.workers ?? 0, activity?.workers ?? 0);
    // Workers of the version before do not say that they live: Temporal lists them.
    const workers = Math.max(livingWorkersOf(queue, processes), listed);
    return [queue, String(workers), String(waiting), waiting === 0 ? '–' : ageText(oldest), fault];
  });
}

/** ` since 2026-…`: when the last of these was seen; empty: there is none. */
function sinceText(processes: readonly WorkerProcess[]): string {
  const last = processes.reduce<Date | null>((a, { seenAt }) => (a === null || seenAt > a ? seenAt : a), null);
  return last === null ? '' : ` since ${last.toISOString()}`;
}

/** Processes that were killed: one that stopped has taken its row away. */
function goneLines(processes: readonly WorkerProcess[]): string[] {
  return processes
    .filter((one) => !livingWorker(one))
    .map(
      ({ instance, seenAt, seenSecondsAgo, taskQueues }) =>
        `worker process ${instance} is gone: seen last ${seenAt.toISOString()}, ${ageText(seenSecondsAgo)} ago; it took tasks of ${taskQueues.join(', ')}`,
    );
}

function standStillLines(standStill: readonly StandStill[]): string[] {
  if (standStill.length === 0) return [];
  const head = ['RUNS STAND STILL', 'RUNS', 'ATTEMPT', 'SINCE', 'ONE OF THEM', 'THEIR WORKFLOW TASK FAILS'];
  const lines = standStill.map(({ workflowType, fault, runs, attempt, oldestSeconds, workflowId, lastFailure }) => [
    ...[workflowType, String(runs), String(attempt), ageText(oldestSeconds), workflowId],
    `${fault}: ${lastFailure}`,
  ]);
  const cures = [...new Set(standStill.map(({ fault }) => fault))].map(
    (fault) => `→ ${fault}: ${taskFaultCure[fault]}`,
  );
  return ['', ...columnLines([head, ...lines]), ...cures];
}

function waitingLines(status: Status): string[] {
  const { waitingRuns: runs } = status;
  const { deliveriesWaiting = [] } = status;
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
      ? ['', status.databaseFailed === null && runs !== null ? 'no delivery waits' : 'no delivery is known to wait']
      : ['', ...columnLines([['DELIVERIES WAIT', 'HOW MANY', 'TRIED AGAIN', 'OLDEST', 'WHY'], ...deliveries])]),
    ...standStillLines(runs?.standStill ?? []),
    ...(activities.length === 0
      ? []
      : [
          '',
          ...columnLines([['RUNS WAIT FOR', 'RUNS', 'ATTEMPT', 'OLDEST', 'LAST FAILURE'], ...activities]),
          ...((runs?.waitFor ?? []).some(({ throwing }) => throwing > 0) ? [`→ ${throwingCure}`] : []),
          ...(runs !== null && runs.lookedAt < runs.open ? [`seen in ${runs.lookedAt} of ${runs.open} open runs`] : []),
        ]),
  ];
}

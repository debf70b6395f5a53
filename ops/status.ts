import { type WaitingDeliveries, waitingDeliveries } from '../outbox-bridge/waiting-deliveries';
import { oneLine } from '../runtime/errors';
import { databaseNowMs } from '../runtime/postgres';
import { type TaskQueueLook, lookAtTaskQueues } from '../runtime/task-queues';
import { type AuditSchedule, auditSchedule } from './audit-schedule';
import { type Connections } from './connections';
import { type OpenFindings, openFindings } from './open-findings';
import { type OutboxReport, outboxReport } from './outbox-report';
import { type WaitingRuns, fillsInboxes, waitingRuns } from '../outbox-bridge/waiting-runs';

/** What Temporal says; null: it could not be asked. */
interface TemporalReport {
  readonly taskQueues: readonly TaskQueueLook[] | null;
  readonly waitingRuns: WaitingRuns | null;
  readonly auditSchedule: AuditSchedule;
  /** Why it could not be asked; null: it was. */
  readonly temporalFailed: string | null;
}

export type Status = OutboxReport &
  OpenFindings &
  TemporalReport & {
    readonly deliveriesWaiting: readonly WaitingDeliveries[];
    /** Why a person should look; empty: there is no reason. */
    readonly lookAt: readonly string[];
  };

/** Waits shorter than this end by themselves more often than not. */
const longSeconds = 60;

/**
 * Everything that waits, where, and why. Without Temporal the rest is worth knowing all the same.
 * @throws what PostgreSQL throws when it is away
 */
export async function systemStatus({ pool, connection, config, workflows, schedules }: Connections): Promise<Status> {
  const { temporalNamespace: namespace, taskQueuePrefix } = config;
  const nowMs = await databaseNowMs(pool);
  const [report, found, deliveriesWaiting, audits, [runs, taskQueues]] = await Promise.all([
    outboxReport(pool, config),
    openFindings(pool, workflows),
    waitingDeliveries(pool),
    auditSchedule(schedules, taskQueuePrefix),
    Promise.allSettled([
      waitingRuns(workflows, taskQueuePrefix),
      lookAtTaskQueues(connection, { namespace, taskQueuePrefix, nowMs }),
    ]),
  ]);
  const failed = [runs, taskQueues].find((asked) => asked.status === 'rejected');
  const status = {
    ...{ ...report, ...found, deliveriesWaiting, auditSchedule: audits },
    taskQueues: taskQueues.status === 'fulfilled' ? taskQueues.value : null,
    waitingRuns: runs.status === 'fulfilled' ? runs.value : null,
    temporalFailed: failed === undefined ? null : oneLine(failed.reason),
  };
  return { ...status, lookAt: reasons(status) };
}

function reasons(status: Omit<Status, 'lookAt'>): string[] {
  const { bridges, deadLettered, kinds, pausedRuns, taskQueues, deliveriesWaiting, waitingRuns: runs } = status;
  const unserved = (taskQueues ?? []).filter(({ served }) => !served);
  const held = deliveriesWaiting.filter(({ tried, oldestSeconds }) => tried > 0 && oldestSeconds > longSeconds);
  const stuck = (runs?.waitFor ?? []).filter(
    ({ outage, activity, oldestSeconds }) =>
      oldestSeconds > longSeconds && (outage || fillsInboxes(activity)),
  );
  const all: Record<string, boolean> = {
    'dead letters': deadLettered > 0,
    'no bridge that works': bridges.every(({ state }) => state === 'outage' || state === 'refused'),
    'open findings of the audit': Object.keys(kinds).length > 0,
    'paused activities, or Temporal does not say': pausedRuns !== 0,
    'the audit is paused': status.auditSchedule.state === 'paused',
    'no reply from Temporal': status.temporalFailed !== null,
    'task queues without workers': unserved.length > 0,
    'deliveries that wait': held.length > 0,
    'activities that wait for a dependency': stuck.length > 0,
  };
  return Object.keys(all).filter((reason) => all[reason]);
}

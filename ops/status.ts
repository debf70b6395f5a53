import { type WaitingDeliveries, waitingDeliveries } from '../outbox-bridge/waiting-deliveries';
import { type WaitingRuns, fillsInboxes, waitingRuns } from '../outbox-bridge/waiting-runs';
import { toError } from '../runtime/errors';
import { databaseNowMs, isDatabaseOutage } from '../runtime/postgres';
import { type TaskQueueLook, lookAtTaskQueues } from '../runtime/task-queues';
import { tlsFault } from '../runtime/tls';
import { type AuditSchedule, auditSchedule } from './audit-schedule';
import { type Connections } from './connections';
import { type FindingsByKind, findingsByKind, pausedRuns } from './open-findings';
import { type OutboxReport, outboxReport } from './outbox-report';
import { type ServerLook, type StatusConfig, askKafka, askRedis, inTime, lookAt, lookOf, placesOf } from './servers';

/** What the tables say. */
interface DatabaseReport extends OutboxReport {
  /** How many open findings of the audit, by kind; kinds without any are left out. */
  readonly kinds: FindingsByKind;
  readonly deliveriesWaiting: readonly WaitingDeliveries[];
}

/** What Temporal says; null: it could not be asked. */
interface TemporalReport {
  readonly taskQueues: readonly TaskQueueLook[] | null;
  readonly waitingRuns: WaitingRuns | null;
  readonly auditSchedule: AuditSchedule;
  /** Runs with a paused activity, now; null: Temporal does not say. */
  readonly pausedRuns: number | null;
}

/** What could be learnt: all that the tables say is absent when `databaseFailed` says why PostgreSQL could not be asked. */
export type Status = TemporalReport & {
  /** PostgreSQL, Temporal, Kafka, Redis. */
  readonly servers: readonly ServerLook[];
  /** Why Temporal could not be asked; null: it was. */
  readonly temporalFailed: string | null;
  /** Why a person should look; empty: there is no reason. */
  readonly lookAt: readonly string[];
} & ((DatabaseReport & { readonly databaseFailed: null }) | { readonly databaseFailed: string });

/** Waits shorter than this end by themselves more often than not. */
const longSeconds = 60;

/**
 * Everything that waits, where, and why. Each server is asked by itself, for a bounded time: without one, what the others say is
 * worth knowing all the same.
 * @throws what PostgreSQL refuses with when it is there: a wrong login, a schema that is not ours
 */
export async function systemStatus(connections: Connections, config: StatusConfig): Promise<Status> {
  const { pool, redis } = connections;
  const places = placesOf(config);
  const database = inTime(databaseReport(connections)).catch((thrown: unknown) => toError(thrown));
  // Temporal's clock is compared with PostgreSQL's; where there is none, with that of this machine.
  const nowMs = inTime(databaseNowMs(pool)).catch(() => Date.now());
  const [tables, temporal, kafkaLook, redisLook] = await Promise.all([
    database,
    temporalReport(connections, nowMs),
    lookAt(places.kafka, () => askKafka(config)),
    lookAt(places.redis, () => askRedis(redis)),
  ]);
  // Not before all have ended: see `temporalReport`.
  if (tables instanceof Error && !isAway(tables)) throw tables;
  const databaseLook = lookOf(places.postgres, '', tables instanceof Error ? tables : null);
  const temporalLook = lookOf(places.temporal, `namespace ${config.temporalNamespace}`, temporal.failed);
  const servers = [databaseLook, temporalLook, kafkaLook, redisLook];
  const said = { servers, temporalFailed: temporalLook.failed, ...temporal.report };
  return tables instanceof Error
    ? { ...said, databaseFailed: databaseLook.failed ?? '', lookAt: reasons(said, null) }
    : { ...said, ...tables, databaseFailed: null, lookAt: reasons(said, tables) };
}

/** Not there, or nothing comes back: `inTime` rejects with a plain error. */
const isAway = (thrown: unknown): boolean =>
  isDatabaseOutage(thrown) || tlsFault(thrown) !== undefined || /no reply within/.test(toError(thrown).message);

async function databaseReport({ pool, config }: Connections): Promise<DatabaseReport> {
  const [report, kinds, deliveriesWaiting] = await Promise.all([
    outboxReport(pool, config),
    findingsByKind(pool),
    waitingDeliveries(pool),
  ]);
  return { ...report, kinds, deliveriesWaiting };
}

/** Every call has a deadline of its own: a connection that is closed beneath a call ends the process. */
async function temporalReport(
  { connection, config, workflows, schedules }: Connections,
  clock: Promise<number>,
): Promise<{ report: TemporalReport; failed: unknown }> {
  const { temporalNamespace: namespace, taskQueuePrefix } = config;
  const [audits, paused, [runs, queues]] = await Promise.all([
    auditSchedule(schedules, taskQueuePrefix),
    pausedRuns(workflows),
    Promise.allSettled([
      waitingRuns(workflows, taskQueuePrefix),
      clock.then((nowMs) => lookAtTaskQueues(connection, { namespace, taskQueuePrefix, nowMs })),
    ]),
  ]);
  const failed = [runs, queues].find((asked) => asked.status === 'rejected');
  return {
    report: {
      taskQueues: queues.status === 'fulfilled' ? queues.value : null,
      waitingRuns: runs.status === 'fulfilled' ? runs.value : null,
      auditSchedule: audits,
      pausedRuns: paused,
    },
    failed: failed === undefined ? null : (failed.reason as unknown),
  };
}

function reasons(said: TemporalReport & Pick<Status, 'servers'>, tables: DatabaseReport | null): string[] {
  const { taskQueues, waitingRuns: runs, pausedRuns: paused } = said;
  const unserved = (taskQueues ?? []).filter(({ served }) => !served);
  const stuck = (runs?.waitFor ?? []).filter(
    ({ outage, activity, oldestSeconds }) => oldestSeconds > longSeconds && (outage || fillsInboxes(activity)),
  );
  const all: Record<string, boolean> = {
    ...(tables === null ? {} : reasonsOf(tables)),
    'paused activities, or Temporal does not say': paused !== 0,
    'the audit is paused': said.auditSchedule.state === 'paused',
    ...Object.fromEntries(said.servers.map(({ server, failed }) => [`no reply from ${server}`, failed !== null])),
    'task queues without workers': unserved.length > 0,
    'activities that wait for a dependency': stuck.length > 0,
  };
  return Object.keys(all).filter((reason) => all[reason]);
}

function reasonsOf({ deadLettered, bridges, kinds, deliveriesWaiting }: DatabaseReport): Record<string, boolean> {
  const held = deliveriesWaiting.filter(({ tried, oldestSeconds }) => tried > 0 && oldestSeconds > longSeconds);
  return {
    'dead letters': deadLettered > 0,
    'no bridge that works': bridges.every(({ state }) => state === 'outage' || state === 'refused'),
    'open findings of the audit': Object.keys(kinds).length > 0,
    'deliveries that wait': held.length > 0,
  };
}

import { waitingRuns } from '../../outbox-bridge/waiting-runs';
import { toError } from '../../runtime/errors';
import { databaseNowMs, isDatabaseOutage } from '../../runtime/postgres';
import { lookAtTaskQueues } from '../../runtime/task-queues';
import { tlsFault } from '../../runtime/tls';
import { goneWorkers, workerProcesses } from '../../runtime/worker-processes';
import { auditSchedule } from '../../runtime/audit-schedule';
import { type Connections } from '../connections';
import { pausedRuns } from '../audit/open-findings';
import { type OutboxReport, outboxReport, reportOfAll } from './outbox-report';
import { type Asked, OutboxFault, askEach } from '../outboxes';
import { type StatusConfig, askKafka, askRedis, inTime, lookAt, lookOf, outboxPlaces, placesOf } from './servers';
import { stateReport } from './state-report';
import { longSeconds, reasons } from './status-reasons';
import { type Status, type TemporalReport } from './status-said';
import { stillWaiting, unemittedCauses } from './unemitted';

/**
 * Everything that waits, where, and why. Each server is asked by itself, for a bounded time: without one, what the others say is
 * worth knowing all the same.
 * @throws what PostgreSQL refuses with when it is there: a wrong login, a schema that is not ours
 */
export async function systemStatus(connections: Connections, config: StatusConfig): Promise<Status> {
  const { pool, redis, outboxes, workflows } = connections;
  const places = placesOf(config);
  const own = outboxPlaces(config, outboxes.names);
  const state = inTime(stateReport(pool)).catch((thrown: unknown) => toError(thrown));
  const reports = askOutboxes(connections, own.length > 0).catch((thrown: unknown) => toError(thrown));
  // Temporal's clock is compared with PostgreSQL's; where there is none, with that of this machine.
  const nowMs = inTime(databaseNowMs(pool)).catch(() => Date.now());
  // Without PostgreSQL, Temporal's own list of workers is all there is.
  const gone = inTime(workerProcesses(pool)).then(goneWorkers, () => null);
  const [stateSays, outboxesSay, temporal, kafkaLook, redisLook] = await Promise.all([
    state,
    reports,
    temporalReport(connections, nowMs, gone),
    lookAt(places.kafka, () => askKafka(config)),
    lookAt(places.redis, () => askRedis(redis)),
  ]);
  // Not before all have ended: see `temporalReport`.
  const failure = [stateSays, outboxesSay].find((said) => said instanceof Error) ?? null;
  if (failure !== null && !isAway(failure)) throw failure;
  const databaseLook = lookOf(places.postgres, '', failure);
  const temporalLook = lookOf(places.temporal, `namespace ${config.temporalNamespace}`, temporal.failed);
  const away = outboxesSay instanceof Error ? [] : outboxesSay.away;
  const outboxLooks = own.map(({ name, ...place }) => {
    const why = away.find(({ outbox }) => outbox === name)?.why ?? null;
    return lookOf(place, '', why);
  });
  const report = outboxesSay instanceof Error ? null : reportOfAll(outboxesSay.said);
  const oldest = (report?.unemitted ?? []).flatMap((of) => (of.oldestSeconds > longSeconds ? of.oldest : []));
  const stillWait = async (ids: readonly string[]) =>
    (await askEach(outboxes, (of) => stillWaiting(of, ids))).said.flatMap(({ value }) => value);
  const reported = {
    unemittedCauses:
      temporal.failed === null ? await inTime(unemittedCauses(workflows, oldest, stillWait)).catch(() => null) : null,
    servers: [databaseLook, ...outboxLooks, temporalLook, kafkaLook, redisLook],
    temporalFailed: temporalLook.failed,
    ...temporal.report,
    ...(report === null || (own.length === 0 && failure !== null) || report.outboxes.length === 0 ? {} : report),
    ...(stateSays instanceof Error || failure !== null ? {} : stateSays),
    databaseFailed: databaseLook.failed,
  };
  return { ...reported, lookAt: reasons(reported) };
}

/**
 * @param apart whether outboxes have databases of their own, which may fail alone
 * @throws what the database of State fails with, when the one outbox is in it
 */
function askOutboxes({ outboxes, config }: Connections, apart: boolean): Promise<Asked<OutboxReport>> {
  return askEach(outboxes, (pool) => outboxReport(pool, config)).catch((thrown: unknown) => {
    if (!(thrown instanceof OutboxFault)) throw thrown;
    if (!apart) throw thrown.cause;
    return { said: [], away: [{ outbox: thrown.outbox, why: thrown.message }] };
  });
}

/** Not there, or nothing comes back: `inTime` rejects with a plain error. */
const isAway = (thrown: unknown): boolean =>
  isDatabaseOutage(thrown) || tlsFault(thrown) !== undefined || /no reply within/.test(toError(thrown).message);

/** Every call has a deadline of its own: a connection that is closed beneath a call ends the process. */
async function temporalReport(
  { connection, config, workflows, schedules }: Connections,
  clock: Promise<number>,
  gone: Promise<ReadonlyMap<string, number> | null>,
): Promise<{ report: TemporalReport; failed: unknown }> {
  const { temporalNamespace: namespace, taskQueuePrefix } = config;
  const [audits, paused, [runs, queues]] = await Promise.all([
    auditSchedule(schedules, taskQueuePrefix),
    pausedRuns(workflows),
    Promise.allSettled([
      waitingRuns(workflows, taskQueuePrefix),
      Promise.all([clock, gone]).then(([nowMs, dead]) =>
        lookAtTaskQueues(connection, { namespace, taskQueuePrefix, nowMs }, dead),
      ),
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

import { type Pool } from 'pg';
import { domains } from '../contracts/events/define';
import { claimLimits } from '../contracts/time-budgets';
import { readOpenRuns } from '../outbox/housekeeping/open-runs';
import { PartitionsAhead } from '../outbox/housekeeping/partitions-ahead';
import { outboxHousekeeping } from '../outbox/housekeeping/service';
import { neededBy } from '../outbox/housekeeping/whole-housekeeping';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { type OutboxSetting, isInState } from '../runtime/outboxes';
import { type ServerSettings } from '../runtime/which-setting';
import { enterOutage } from './apply-outcome';
import { Bridge } from './bridge';
import { type BridgeConfig, type Shared, choresOf } from './compose-shared';
import { DeploymentGuard } from './deployment-guard';
import { Fuse } from './fuse';
import { type BridgeMetrics, metricsOf } from './metrics';
import { MoveCarrier } from './move-carrier';
import { NudgeListener } from './nudge-listener';
import { NudgeTrust } from './nudge-trust';
import { Outage } from './outage';
import { readOutboxGauges } from './outbox-gauges';
import { Pacer } from './pacer';
import { Pauses } from './pauses';
import { PgOutboxStore } from './pg-outbox-store';
import { OutboxOutage } from './shared-outage';
import { storeOfProcess } from './process-store';
import { reportEveryMs, reportProgress } from './report-progress';
import { keepDays } from './settings';
import { SignalCarrier } from './signal-carrier';
import { reportAndHear } from './report-instance';
import { removeInstance, reportInstanceMs } from './report-instance.sql';

/** One outbox as this process serves it. */
export interface ServedOutbox {
  readonly name: string;
  readonly guard: DeploymentGuard;
  readonly pauses: Pauses;
  readonly metrics: BridgeMetrics;
  readonly describe: Bridge['describe'];
  /** Its rows may be there: looks now. */
  readonly nudge: () => void;
  /** Started in this order. */
  readonly services: Service[];
  /** The instance is not there any more. */
  readonly forget: () => Promise<void>;
}

/** Where a trigger does not bring signalled deletes to State: in a database of its own. */
function signalChores(
  outbox: OutboxSetting,
  database: Pool,
  { config, state, logger, count }: Shared,
  every: ReturnType<typeof choresOf>['every'],
): Service[] {
  if (isInState(outbox, config)) return [];
  const carrier = new SignalCarrier({
    outbox: { name: outbox.name, database, domains: outbox.domains },
    state,
    logger,
  });
  return [
    every('signals', Math.max(250, 25 * count), () => carrier.carry()),
    every('lapsed-signals', 60_000, () => carrier.expire()),
  ];
}

/** Where there is a URL to listen on. */
function listener(
  url = '',
  { pacer, nudges, logger, count }: Pick<Shared, 'logger' | 'count'> & { pacer: Pacer; nudges: NudgeTrust },
): Service[] {
  if (url === '') return [];
  return [
    new NudgeListener({
      ...{ url, logger, askEveryMs: Math.max(5_000, 100 * count) },
      onNudge: () => (nudges.heard(), pacer.nudge()),
      onListening: () => nudges.listening(),
      // What was announced meanwhile was not heard: looks now, and often from then on.
      onDeaf: () => (nudges.deaf(), pacer.nudge()),
    }),
  ];
}

/** The configuration as the outbox's own database needs it: messages name where its URL is given. */
function configOf({ name, url, schema }: OutboxSetting, { config }: Shared): BridgeConfig & ServerSettings {
  if (config.outboxes.length === 0) return config;
  return { ...config, databaseUrl: url, databaseSchema: schema, databaseSetting: `OUTBOXES, ${name}` };
}

/** Builds what is one outbox's own: nothing in it waits for another outbox. */
export function composeOutbox(
  outbox: OutboxSetting,
  pool: Pool,
  shared: Shared,
  hooks: { readonly alarm: () => string | undefined; readonly onFirstClaim: (logger: Logger) => void },
): ServedOutbox {
  const { window, starter, now, instanceId, count } = shared;
  const config = configOf(outbox, shared);
  const metrics = metricsOf(shared.metrics, outbox.name);
  const logger = shared.config.outboxes.length === 0 ? shared.logger : shared.logger.child({ outbox: outbox.name });
  const chores = choresOf(shared, { logger, settings: config, ...(count > 1 ? { of: outbox.name } : {}) });
  const nudges = new NudgeTrust(now);
  const longestMs = shared.polls.join(() => nudges.reliable);
  const pacer = new Pacer({
    minMs: config.pollMinMs,
    get maxMs() {
      return longestMs();
    },
  });
  const pauses = new Pauses(() => performance.now());
  const outage = new OutboxOutage(new Outage(now), shared.outage);
  const guard = new DeploymentGuard({
    pool,
    connection: shared.connection,
    settings: config,
    onRefusal: (code, detail) => enterOutage({ window, outage, metrics, logger }, code, detail),
  });
  const bridge = new Bridge({
    store: storeOfProcess(new PgOutboxStore(pool, claimLimits(config.leaseMs)), config, () =>
      hooks.onFirstClaim(logger),
    ),
    starter: {
      start: (request) => starter.start(request),
      lookUp: (request) => starter.lookUp(request),
      // After any outage the guard looks first; it asks Temporal too.
      probe: () => guard.check(),
    },
    ...{ outbox, window, pacer, nudges, pauses, outage, metrics, logger, now },
    fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, now),
    limits: shared.limits,
    leaseMs: config.leaseMs,
    sleep: shared.sleep,
    slots: shared.slots.of(outbox.name),
    paces: shared.paces,
    gate: shared.gate,
  });
  const partitions = new PartitionsAhead({
    database: pool,
    days: config.partitionDaysAhead,
    alarmDays: config.partitionAlarmDays,
    gauge: metrics.partitionsAhead,
    logger,
  });
  const moves = new MoveCarrier({
    ...{ outbox: outbox.name, outboxes: shared.outboxes, logger },
    idleMs: Math.max(2_000, 100 * count),
    onMoved: () => pacer.nudge(),
  });
  const services: Service[] = [
    chores.every('partitions', 600_000, () => partitions.keep()),
    outboxHousekeeping(
      {
        ...{ outbox: pool, logger, holder: instanceId, retentionDays: config.retentionDays, patienceMs: 300_000 },
        keepDays: keepDays(config),
        // Nothing is dropped on the word of another deployment's Temporal.
        openRuns: () =>
          guard.check().then(() => readOpenRuns(shared.connection, { namespace: config.temporalNamespace })),
        neededByState: neededBy(shared.state, logger),
      },
      metrics,
      { ...chores.reporting, name: chores.named('housekeeping') },
    ),
    chores.every('gauges', Math.max(5_000, 200 * count), () => {
      metrics.nudged.set(nudges.reliable ? 1 : 0);
      return readOutboxGauges(pool, metrics);
    }),
    chores.every('outbox-progress', reportEveryMs, () =>
      reportProgress(
        { outbox: pool, state: shared.state },
        { outboxName: outbox.name, domains: outbox.domains ?? domains },
      ),
    ),
    ...signalChores(outbox, pool, shared, chores.every),
    chores.looks('moves', 2_000, () => moves.look()),
    ...listener(outbox.listenUrl, { pacer, nudges, logger, count }),
    chores.every('instance-report', reportInstanceMs(count), () => {
      const { state, reason } = bridge.describe();
      const all = reason ?? hooks.alarm() ?? partitions.alarm ?? moves.note ?? null;
      return reportAndHear([instanceId, state, all, pauses.describe()], {
        pool,
        pauses,
        logger,
        nudge: () => pacer.nudge(),
      });
    }),
    // Before the first claim.
    chores.looks('deployment', 5_000, () => guard.look()),
    bridge,
  ];
  return {
    ...{ name: outbox.name, guard, pauses, metrics, services },
    describe: () => {
      const { state, reason } = bridge.describe();
      return { state, reason: reason ?? pauses.byHand.note ?? null };
    },
    nudge: () => pacer.nudge(),
    forget: () => pool.query(removeInstance, [instanceId]).then(() => undefined),
  };
}

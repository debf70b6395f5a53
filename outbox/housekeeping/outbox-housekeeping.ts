import { type Pool } from 'pg';
import { type Logger } from '../../runtime/logger';
import { housekeepingChore, outboxTable } from '../partitions.sql';
import { type DropOptions, type DropOutcome, dropDay, finishDrops } from './drop-partition';
import { expireActs } from './expire-acts';
import { expireWriterLocks } from './expire-writer-locks';
import { repairHeads } from './heads';
import { type KeepDays, operatorActs } from './ledgers';
import { type NeededEvents } from './needed-events';
import { type OpenRuns, type Reasons, dueDays, explained, ownsOutbox, readNeeds } from './partitions';
import { expirePastRows, widenPast } from './past-rows';
import { type StepOptions, type TurnOptions, turnOfSteps } from './turn-of-steps';

/** Of one outbox. No statement reaches further than its database; what State needs of it is asked of State. */
export interface OutboxHousekeepingDeps {
  readonly outbox: Pool;
  readonly logger: Logger;
  /** Who does it, for people. */
  readonly holder: string;
  readonly retentionDays: number;
  readonly patienceMs: number;
  readonly keepDays: Pick<KeepDays, 'operatorActs'>;
  readonly openRuns: () => Promise<OpenRuns>;
  /** What `readNeededEvents` reads in State. */
  readonly neededByState: () => Promise<NeededEvents>;
}

/** What one turn found and did; kept in `chores.report` of the outbox. */
export interface OutboxReport {
  readonly dropped: Record<string, number>;
  /** Partitions old enough to go that stay, and why. */
  readonly kept: Record<string, Reasons>;
  /** A partition that is half-way out, behind a long transaction. */
  readonly waiting: string | null;
  /** Rows deleted, by table. */
  readonly expired: Record<string, number>;
  /** Rows dated into dropped days are taken. */
  readonly pastReaches: boolean;
  readonly more: boolean;
}

type Draft = { -readonly [K in keyof OutboxReport]: OutboxReport[K] };
type Step = (deps: OutboxHousekeepingDeps, report: Draft, options: StepOptions) => Promise<void>;

/**
 * One turn at an outbox. Returns undefined when it was not our turn.
 * @throws the first failure, after the turn's end is written
 */
export async function keepOutbox(
  deps: OutboxHousekeepingDeps,
  options: TurnOptions,
): Promise<OutboxReport | undefined> {
  const report: Draft = { dropped: {}, kept: {}, waiting: null, expired: {}, pastReaches: true, more: false };
  const steps: Step[] = [dropDays, expirePast, widen, heads, expireActsOf, expireLocks];
  const ours = await turnOfSteps(
    { database: deps.outbox, name: housekeepingChore, holder: deps.holder },
    options,
    steps.map((step) => (given) => step(deps, report, given)),
    () => ({ report, soon: report.more || report.waiting !== null }),
  );
  if (!ours) return undefined;
  return report;
}

async function dropDays(deps: OutboxHousekeepingDeps, report: Draft, { between, signal }: StepOptions): Promise<void> {
  const { outbox, retentionDays, patienceMs, openRuns, neededByState } = deps;
  if (!(await ownsOutbox(outbox))) {
    for (const day of await dueDays(outbox, retentionDays)) {
      record(deps.logger, report, day.name, { kind: 'kept', reasons: { not_owner: 1 } });
    }
    return;
  }
  const options: DropOptions = { retentionDays, patienceMs, signal, openRuns, neededByState };
  for (const [name, outcome] of await finishDrops(outbox, options)) record(deps.logger, report, name, outcome);
  for (const day of await dueDays(outbox, retentionDays)) {
    // PostgreSQL takes out one partition of a table at a time.
    if (report.waiting !== null) return;
    await between();
    record(deps.logger, report, day.name, await dropDay(outbox, day, options));
  }
}

function record(logger: Logger, report: Draft, partition: string, outcome: DropOutcome): void {
  if (outcome.kind === 'dropped') {
    report.dropped[partition] = outcome.rows;
    logger.info(
      { partition, rows: outcome.rows },
      'partition dropped: everything in it is done and past its retention',
    );
  } else if (outcome.kind === 'kept') {
    report.kept[partition] = outcome.reasons;
    const usual = Object.keys(outcome.reasons).every((reason) => reason === 'young');
    logger[usual ? 'info' : 'warn'](
      { partition, reasons: outcome.reasons },
      `partition ${partition} kept because of ${explained(outcome.reasons)}`,
    );
  } else {
    report.waiting = partition;
    logger.info({ partition }, 'partition half-way out, behind a long transaction; going on later');
  }
}

async function expirePast(deps: OutboxHousekeepingDeps, report: Draft, { between }: StepOptions): Promise<void> {
  const needs = await readNeeds(deps);
  const past = await expirePastRows(deps.outbox, { retentionDays: deps.retentionDays, needs, between });
  report.expired[outboxTable] = past.rows;
  report.more ||= past.more;
}

async function widen(deps: OutboxHousekeepingDeps, report: Draft): Promise<void> {
  // Needed after a drop; who may not drop may not widen.
  if (await ownsOutbox(deps.outbox)) report.pastReaches = await widenPast(deps.outbox);
}

async function heads(deps: OutboxHousekeepingDeps): Promise<void> {
  const repaired = await repairHeads(deps.outbox);
  if (repaired > 0)
    deps.logger.error({ aggregates: repaired }, 'rows had come past the triggers of the outbox: repaired');
}

async function expireActsOf(deps: OutboxHousekeepingDeps, report: Draft, { between }: StepOptions): Promise<void> {
  const { outbox, retentionDays, keepDays } = deps;
  const acts = await expireActs(outbox, { retentionDays, keepDays, between });
  report.expired[operatorActs.table] = acts.rows;
  report.more ||= acts.more;
}

async function expireLocks(deps: OutboxHousekeepingDeps, report: Draft, { between }: StepOptions): Promise<void> {
  const locks = await expireWriterLocks(deps.outbox, { retentionDays: deps.retentionDays, between });
  report.expired['outbox_writer_locks'] = locks.rows;
  report.more ||= locks.more;
  logDeleted(deps.logger, report);
}

/** Says which rows went, when some did. */
export function logDeleted(logger: Logger, { expired, more }: Pick<OutboxReport, 'expired' | 'more'>): void {
  const rows = Object.fromEntries(Object.entries(expired).filter(([, count]) => count > 0));
  if (Object.keys(rows).length > 0) logger.info({ rows, more }, 'rows past their retention deleted');
}

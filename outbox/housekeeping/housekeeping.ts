import { type Pool } from 'pg';
import { oneLine } from '../../runtime/errors';
import { type Logger } from '../../runtime/logger';
import { housekeepingChore, outboxTable } from '../partitions.sql';
import { ChoreTurn, TurnLost } from './chore-turn';
import { endDeliveries } from './end-deliveries';
import { type DropOptions, type DropOutcome, dropDay, finishDrops } from './drop-partition';
import { expireLedgers } from './expire-ledgers';
import { type KeepDays } from './ledgers';
import { expireWriterLocks } from './expire-writer-locks';
import { repairHeads } from './heads';
import { type OpenRuns, type Reasons, dueDays, explained, ownsOutbox } from './partitions';
import { expirePastRows, widenPast } from './past-rows';

const hourSeconds = 3_600;
/** After a failure, or when there is more to do. */
const soonSeconds = 300;

export interface HousekeepingDeps {
  readonly pool: Pool;
  readonly logger: Logger;
  /** Who does it, for people. */
  readonly holder: string;
  readonly retentionDays: number;
  readonly keepDays: KeepDays;
  readonly patienceMs: number;
  readonly openRuns: () => Promise<OpenRuns>;
  /** Asks Temporal about the run of one event. */
  readonly isOpen: (eventId: string) => Promise<boolean>;
}

/** What one turn found and did; kept in `chores.report`. */
export interface HousekeepingReport {
  readonly dropped: Record<string, number>;
  /** Partitions old enough to go that stay, and why. */
  readonly kept: Record<string, Reasons>;
  /** A partition that is half-way out, behind a long transaction. */
  readonly waiting: string | null;
  /** Deliveries of runs that have ended: of unknown outcome, and never sent. Examples are event ids. */
  readonly ended: { readonly unknown: number; readonly skipped: number; readonly examples: readonly string[] };
  /** Rows deleted, by table. */
  readonly expired: Record<string, number>;
  /** Rows dated into dropped days are taken. */
  readonly pastReaches: boolean;
  readonly more: boolean;
}

type Draft = { -readonly [K in keyof HousekeepingReport]: HousekeepingReport[K] };

/**
 * One turn of housekeeping, when it is due and no other process has it (`asked`: also when it is not due). Returns undefined
 * when it was not our turn. Each step is tried whatever became of the one before.
 * @throws the first failure, after the turn's end is written
 */
export async function doHousekeeping(
  deps: HousekeepingDeps,
  options: { asked: boolean; signal: AbortSignal },
): Promise<HousekeepingReport | undefined> {
  const turn = await ChoreTurn.take(deps.pool, housekeepingChore, { holder: deps.holder, asked: options.asked });
  if (turn === undefined) return undefined;
  const report: Draft = {
    dropped: {},
    kept: {},
    waiting: null,
    expired: {},
    pastReaches: true,
    ended: { unknown: 0, skipped: 0, examples: [] },
    more: false,
  };
  const failures: unknown[] = [];
  const between = async (): Promise<void> => {
    options.signal.throwIfAborted();
    await turn.renew();
  };
  for (const step of [endRest, dropDays, expirePast, widen, heads, expireRest]) {
    try {
      await between();
      await step(deps, report, { between, signal: options.signal });
    } catch (thrown) {
      failures.push(thrown);
      if (thrown instanceof TurnLost || options.signal.aborted) break;
    }
  }
  const soon = failures.length > 0 || report.more || report.waiting !== null;
  const error = failures.map((failure) => oneLine(failure)).join('; ');
  await turn.end({
    nextInSeconds: soon ? soonSeconds : hourSeconds,
    ...(failures.length > 0 ? { error } : { report }),
  });
  if (failures.length > 0) throw new Error(error, { cause: failures[0] });
  return report;
}

interface StepOptions {
  readonly between: () => Promise<void>;
  readonly signal: AbortSignal;
}

async function dropDays(deps: HousekeepingDeps, report: Draft, { between, signal }: StepOptions): Promise<void> {
  const { pool, retentionDays, patienceMs } = deps;
  if (!(await ownsOutbox(pool))) {
    for (const day of await dueDays(pool, retentionDays)) {
      record(deps.logger, report, day.name, { kind: 'kept', reasons: { not_owner: 1 } });
    }
    return;
  }
  const options: DropOptions = { retentionDays, patienceMs, signal, openRuns: deps.openRuns };
  for (const [name, outcome] of await finishDrops(pool, options)) record(deps.logger, report, name, outcome);
  for (const day of await dueDays(pool, retentionDays)) {
    // PostgreSQL takes out one partition of a table at a time.
    if (report.waiting !== null) return;
    await between();
    record(deps.logger, report, day.name, await dropDay(pool, day, options));
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

async function endRest(deps: HousekeepingDeps, report: Draft, { between }: StepOptions): Promise<void> {
  const { pool, retentionDays, isOpen, logger } = deps;
  const { more, ...ended } = await endDeliveries(pool, {
    ...{ retentionDays, isOpen, between },
    openRuns: await deps.openRuns(),
  });
  report.ended = ended;
  report.more ||= more;
  if (ended.unknown + ended.skipped > 0)
    logger.warn({ ...ended }, 'deliveries of runs that have ended: unknown were claimed, skipped were never sent');
}

async function expirePast(deps: HousekeepingDeps, report: Draft, { between }: StepOptions): Promise<void> {
  const openRuns = await deps.openRuns();
  const past = await expirePastRows(deps.pool, { retentionDays: deps.retentionDays, openRuns, between });
  report.expired[outboxTable] = past.rows;
  report.more ||= past.more;
}

async function widen(deps: HousekeepingDeps, report: Draft): Promise<void> {
  // Needed after a drop; who may not drop may not widen.
  if (await ownsOutbox(deps.pool)) report.pastReaches = await widenPast(deps.pool);
}

async function heads(deps: HousekeepingDeps): Promise<void> {
  const repaired = await repairHeads(deps.pool);
  if (repaired > 0)
    deps.logger.error({ aggregates: repaired }, 'rows had come past the triggers of the outbox: repaired');
}

async function expireRest(deps: HousekeepingDeps, report: Draft, { between }: StepOptions): Promise<void> {
  const expired = await expireLedgers(deps.pool, {
    ...{ retentionDays: deps.retentionDays, keepDays: deps.keepDays, between },
  });
  const locks = await expireWriterLocks(deps.pool, { retentionDays: deps.retentionDays, between });
  report.expired = { ...report.expired, ...expired.rows, outbox_writer_locks: locks.rows };
  report.more ||= expired.more || locks.more;
  const rows = Object.fromEntries(Object.entries(report.expired).filter(([, count]) => count > 0));
  if (Object.keys(rows).length > 0) deps.logger.info({ rows, more: expired.more }, 'rows past their retention deleted');
}

import { seconds } from '../../../dev/stack/reporter';
import { type FaultRecord, type ProofRow, type Target } from '../types';
import { type Books } from './books';

/** A stretch in which the writers committed no event. Times are epoch milliseconds. */
export interface Standstill {
  readonly fromMs: number;
  readonly lengthMs: number;
  /** The part of it in which no fault was on the writers' way to the database. */
  readonly unexplainedMs: number;
}

interface Traffic {
  readonly books: Pick<Books, 'transactions'>;
  readonly faults: readonly FaultRecord[];
  /** When the writers began and when they were asked to stop. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What the writers pass through. No other fault may stop them: they only insert rows. */
const onTheirWay: readonly Target[] = ['pgbouncer', 'postgres'];

/**
 * What writers may need after a fault, and on a busy machine: a query on a dead line takes its limit of 12 s, its ROLLBACK
 * as long again, the sessions that died behind the line keep their locks for 15 s, and the next fault may follow at once.
 */
const recoveryMs = 60_000;
/** A scenario commits at most 17 events; after it the writers rest until the average rate is right. */
const eventsOfARest = 40;

/** The longest unexplained standstill that is no violation, milliseconds. */
function allowedStandstillMs(rate: number): number {
  return recoveryMs + (eventsOfARest / rate) * 1_000;
}

/** Each stretch between two commits, and before the first and after the last. */
export function standstillsOf({ books, faults, fromMs, untilMs }: Traffic): Standstill[] {
  const commits = books.transactions
    .filter(({ fate, events, atMs }) => fate === 'committed' && events.length > 0 && atMs > fromMs && atMs < untilMs)
    .map(({ atMs }) => atMs)
    .sort((a, b) => a - b);
  const harmful = faults.filter(({ fault, leftOut }) => onTheirWay.includes(fault.target) && leftOut === undefined);
  return [...commits, untilMs].map((toMs, i) => {
    const beganMs = commits[i - 1] ?? fromMs;
    const lengthMs = toMs - beganMs;
    return { fromMs: beganMs, lengthMs, unexplainedMs: lengthMs - timeHarmed(harmful, beganMs, toMs) };
  });
}

/** How much of a stretch at least one of the faults lasted. */
function timeHarmed(faults: readonly FaultRecord[], fromMs: number, toMs: number): number {
  let harmedMs = 0;
  let seenMs = fromMs;
  for (const { beganAtMs, endedAtMs } of [...faults].sort((a, b) => a.beganAtMs - b.beganAtMs)) {
    const [begin, end] = [Math.max(beganAtMs, seenMs), Math.min(endedAtMs, toMs)];
    if (end <= begin) continue;
    harmedMs += end - begin;
    seenMs = end;
  }
  return harmedMs;
}

/** A line of the proof: a system that is given nothing to do keeps every promise. */
export function standstillRow(standstills: readonly Standstill[], rate: number): ProofRow {
  const tooLong = standstills.filter(({ unexplainedMs }) => unexplainedMs > allowedStandstillMs(rate));
  return {
    promise: 'writers that stood still',
    violations: tooLong.length,
    // Without a single commit there is one stretch, from the beginning to the end.
    examined: standstills.length,
    examples: tooLong
      .slice(0, 10)
      .map(
        ({ fromMs, lengthMs, unexplainedMs }) =>
          `no event was committed for ${seconds(lengthMs)} from ${new Date(fromMs).toISOString()} on; ` +
          `no fault of PostgreSQL or PgBouncer explains ${seconds(unexplainedMs)} of it`,
      ),
  };
}

/** The longest one. */
export function longestOf(standstills: readonly Standstill[]): Standstill {
  return standstills.reduce((longest, one) => (one.lengthMs > longest.lengthMs ? one : longest), {
    fromMs: 0,
    lengthMs: 0,
    unexplainedMs: 0,
  });
}

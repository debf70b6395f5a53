import Table from 'cli-table3';
import { type Verdict } from '../claim/verdicts';
import { type IdleResult } from './idle';
import { type CriticalResult, type StartsResult } from './starts';

export interface Results {
  readonly idle: readonly IdleResult[];
  readonly starts: readonly StartsResult[];
  readonly critical: readonly CriticalResult[];
}

/** A bridge with a hundred idle outboxes may have this much, megabytes. */
const mostMegabytes = 300;
/** Ten times the outboxes cost at most this many times as much: clearly less than in line with their number. */
const mostGrowth = 5;
/**
 * Of the starts a second that one bridge reaches with one outbox, with several at least. Each outbox has claims and marks of its own: the same
 * rows take more statements, for which PostgreSQL has the same two cores here as everything else.
 */
const leastOfOne = (outboxes: number): number => (outboxes <= 4 ? 0.8 : 0.6);
/** A Critical row waits for the next poll, and then for a start of which Temporal has a whole window before it, milliseconds. */
const mostCritical = 1_000;
/** The outbox that gets the fewest starts gets this part of what the one with the most gets. */
const leastShare = 0.7;
/** Of the process and its sessions in PostgreSQL together. */
const computing = ({ bridgePercent, serverPercent }: IdleResult): number => bridgePercent + serverPercent;

export function verdictsOf({ idle, starts, critical }: Results): Verdict[] {
  return [
    ...(['polled', 'nudged'] as const).flatMap((way) => idleVerdicts(idle, way)),
    ...startVerdicts(starts, critical),
  ];
}

function idleVerdicts(all: readonly IdleResult[], way: IdleResult['way']): Verdict[] {
  const results = all.filter((result) => result.way === way).sort((a, b) => a.outboxes - b.outboxes);
  const [most, fewer] = [results.at(-1), results.at(-2)];
  if (most === undefined) return [];
  const of = `${most.outboxes} idle outboxes, ${way}`;
  const memory: Verdict = {
    what: `${of}: memory`,
    value: most.megabytes,
    unit: 'MB',
    bound: { atMost: mostMegabytes },
  };
  if (fewer === undefined) return [memory];
  const times = most.outboxes / fewer.outboxes;
  const growth = (what: string, figure: (result: IdleResult) => number): Verdict => ({
    what: `${of}: ${what}, times that of ${fewer.outboxes}`,
    value: figure(most) / figure(fewer),
    unit: '×',
    bound: { atMost: (mostGrowth * times) / 10 },
  });
  return [
    memory,
    growth('computing', computing),
    growth('transactions', ({ transactionsPerSecond }) => transactionsPerSecond),
    { what: `${of}: event waits, p50`, value: most.p50, unit: 'ms', bound: 'none' },
    { what: `${of}: event waits, p99`, value: most.p99, unit: 'ms', bound: { atMost: way === 'nudged' ? 250 : 1_500 } },
  ];
}

function startVerdicts(starts: readonly StartsResult[], critical: readonly CriticalResult[]): Verdict[] {
  const single = starts.find(({ outboxes, bridges }) => outboxes === 1 && bridges === 1);
  return [
    ...starts.flatMap(({ outboxes, bridges, rowsPerSecond, leastToMost }): Verdict[] => {
      const of = `${outboxes} ${outboxes === 1 ? 'outbox' : 'outboxes'}, ${bridges} ${bridges === 1 ? 'bridge' : 'bridges'}`;
      return [
        { what: `${of}: starts`, value: rowsPerSecond, unit: 'rows/s', bound: 'none' },
        ...(single === undefined || single.rowsPerSecond === rowsPerSecond
          ? []
          : [
              {
                what: `${of}: … of one and one`,
                value: rowsPerSecond / single.rowsPerSecond,
                unit: '×',
                bound: { atLeast: leastOfOne(outboxes) },
              } as const,
            ]),
        ...(leastToMost === null
          ? []
          : [
              {
                what: `${of}: least share of most`,
                value: leastToMost,
                unit: '×',
                bound: { atLeast: leastShare },
              } as const,
            ]),
      ];
    }),
    ...critical.flatMap(({ outboxes, backlog, alone, behind }): Verdict[] => [
      { what: `Critical rows of 1 of ${outboxes} idle outboxes: p50`, value: alone.p50, unit: 'ms', bound: 'none' },
      { what: `Critical rows of 1 of ${outboxes} idle outboxes: p99`, value: alone.p99, unit: 'ms', bound: 'none' },
      { what: `… ${backlog} rows wait in each other: p50`, value: behind.p50, unit: 'ms', bound: 'none' },
      {
        what: `… ${backlog} rows wait in each other: p99`,
        value: behind.p99,
        unit: 'ms',
        bound: { atMost: mostCritical },
      },
    ]),
  ];
}

export function idleTable(results: readonly IdleResult[]): string {
  const table = new Table({
    head: ['idle outboxes', 'memory', 'bridge', 'PostgreSQL', '/s', 'connections', 'series', 'event p50', 'p99'],
    style: { head: [], border: [] },
  });
  for (const result of results)
    table.push([
      `${result.outboxes} ${result.way}`,
      `${result.megabytes.toFixed(0)} MB`,
      `${result.bridgePercent.toFixed(1)} %`,
      `${result.serverPercent.toFixed(1)} %`,
      result.transactionsPerSecond.toFixed(0),
      result.connections,
      result.series,
      `${result.p50.toFixed(0)} ms`,
      `${result.p99.toFixed(0)} ms`,
    ]);
  return table.toString();
}

import { loadavg } from 'node:os';
import { Command } from 'commander';
import { isMissed, verdictTable } from './claim/verdicts';
import { databaseMaker } from './outboxes/databases';
import { type IdleResult, measureIdle } from './outboxes/idle';
import { type Results, idleTable, verdictsOf } from './outboxes/report';
import { type CriticalResult, type StartsResult, measureCritical, measureStarts } from './outboxes/starts';
import { type BenchStack, runBench, withStack } from './with-stack';

interface Options {
  readonly idle: readonly number[];
  readonly ways: readonly IdleResult['way'][];
  readonly settleSeconds: number;
  readonly seconds: number;
  readonly events: number;
  readonly outboxes: readonly number[];
  readonly bridges: readonly number[];
  readonly rows: number;
  readonly repeat: number;
  readonly critical: number;
  readonly json: boolean;
}

const say = (text: string): void => {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
};

/** The repetition with the middle figure. */
const middle = (results: readonly StartsResult[]): StartsResult =>
  [...results].sort((a, b) => a.rowsPerSecond - b.rowsPerSecond)[results.length >> 1] as StartsResult;

async function measure(stack: BenchStack, options: Options): Promise<Results> {
  const make = await databaseMaker(stack, say);
  const idle: IdleResult[] = [];
  for (const way of options.ways)
    for (const count of options.idle) {
      const databases = await make(count);
      const result = await measureIdle(stack, databases, way, options, say);
      process.stderr.write(`${idleTable([result])}\n`);
      idle.push(result);
      await databases.drop();
    }
  // First: no worker ends the runs, and with ten thousand open ones Temporal itself takes 0.4 s for a start.
  const critical: CriticalResult[] = [];
  if (options.critical > 1) {
    say('Critical rows behind backlogs');
    const databases = await make(options.critical);
    critical.push(await measureCritical(stack, databases, { rows: options.rows, seconds: 8 }));
    await databases.drop();
  }
  const places = options.bridges.flatMap((bridges) => options.outboxes.map((outboxes) => ({ bridges, outboxes })));
  const all = new Map<(typeof places)[number], StartsResult[]>(places.map((place) => [place, []]));
  // One after another and again: what changes on the machine meanwhile changes all of them.
  for (let i = 0; i < options.repeat; i++)
    for (const place of places) {
      const databases = await make(place.outboxes);
      const result = await measureStarts(stack, databases, { ...place, rows: options.rows });
      say(`${place.outboxes} outboxes, ${place.bridges} bridges: ${result.rowsPerSecond.toFixed(0)} rows/s`);
      all.get(place)?.push(result);
      await databases.drop();
    }
  const starts = options.repeat === 0 ? [] : [...all.values()].map(middle);
  return { idle, starts, critical };
}

function readOptions(): Options {
  const whole = (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0) throw new Error(`bench:outboxes: ${text} is no whole number`);
    return value;
  };
  const wholes = (text: string): number[] =>
    text
      .split(',')
      .filter((part) => part !== '')
      .map(whole);
  return new Command('bench:outboxes')
    .option('--idle <counts>', 'idle outboxes on one bridge; empty: none', wholes, [1, 10, 100])
    .option('--ways <ways>', 'polled, nudged', (text: string) => text.split(',') as IdleResult['way'][], [
      'polled',
      'nudged',
    ])
    .option('--settle-seconds <n>', 'rest before the cost is watched', whole, 40)
    .option('--seconds <n>', 'how long the cost is watched', whole, 20)
    .option('--events <n>', 'single events in idle outboxes', whole, 100)
    .option('--outboxes <counts>', 'outboxes with a backlog', wholes, [1, 4, 16])
    .option('--bridges <counts>', 'bridges that share it', wholes, [1, 2])
    .option('--rows <n>', 'backlog of all outboxes together', whole, 3_000)
    .option('--repeat <n>', 'times that starts are measured; 0: not', whole, 3)
    .option(
      '--critical <n>',
      'outboxes of which one has Critical rows and the others a backlog; 0: not measured',
      whole,
      16,
    )
    .option('--json', 'one JSON object on the last line', false)
    .parse()
    .opts<Options>();
}

async function main(): Promise<void> {
  const options = readOptions();
  const loadBefore = loadavg()[0] ?? 0;
  const results = await withStack('bench', (stack) => measure(stack, options));
  const load = [loadBefore, loadavg()[0] ?? 0].map((value) => value.toFixed(1));
  const verdicts = verdictsOf(results);
  const missed = verdicts.filter(isMissed);
  const out = options.json ? process.stderr : process.stdout;
  say('');
  if (results.idle.length > 0) out.write(`${idleTable(results.idle)}\n`);
  out.write(`${verdictTable(verdicts)}\nload of the machine: ${load.join(' before, ')} after\n`);
  if (options.json)
    console.log(JSON.stringify({ options, load, results, verdicts, missed: missed.map(({ what }) => what) }));
  if (missed.length > 0) process.exitCode = 1;
}

runBench(main);

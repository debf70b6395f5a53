import { loadavg } from 'node:os';
import Table from 'cli-table3';
import { Command } from 'commander';
import { createLogger } from '../../runtime/logger';
import { createPool } from '../../runtime/postgres';
import { type Percentiles, percentiles } from '../../proof/report/percentiles';
import { type BacklogKind, backlogKinds, commitBacklog, untilEmitted } from './overload/backlog';
import { computingOf, perEvent } from './computing';
import { Probe } from './overload/probe';
import { runBench } from './with-stack';
import { type System, withSystem } from './with-system';

interface Options {
  readonly kind: BacklogKind;
  readonly rows: number;
  readonly priority: number;
  readonly perSecond: number;
  readonly idleSeconds: number;
  readonly seconds: number;
  readonly nudge: boolean;
  readonly set: Readonly<Record<string, string>>;
  readonly json: boolean;
}

interface Result {
  readonly idle: Percentiles;
  readonly behind: Percentiles;
  /** On Kafka, of the backlog, a second. */
  readonly perSecond: number;
  readonly startedPerSecond: number;
  /** Started and not yet on Kafka, at each look. */
  readonly openRuns: Percentiles;
  /** Workflow tasks that were given out and not brought back in time. */
  readonly lostTasks: number;
  readonly computing: Readonly<Record<string, number>>;
  readonly workerMegabytes: number;
}

const say = (text: string): void => {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
};

/** A Critical event every so often, alone and then behind a backlog that is worked off. */
async function measure(system: System, options: Options): Promise<Result> {
  const { kind, rows, priority, perSecond, nudge } = options;
  const logger = createLogger('bench', 'error');
  const pool = createPool({ url: system.databaseUrl, max: 4, applicationName: 'nova-bench', logger });
  const probe = () => Probe.start(pool, { priority: 'critical', perSecond, nudge });
  try {
    say('warm: plans, caches, sticky queues');
    const warm = probe();
    await commitBacklog(pool, kind, 200, priority);
    await untilEmitted(pool, kind, { timeoutMs: 60_000, onLook: () => undefined });
    await warm.end();
    say('idle');
    const alone = probe();
    await new Promise((resolve) => setTimeout(resolve, options.idleSeconds * 1_000));
    const idle = percentiles(await alone.end()) as Percentiles;
    await commitBacklog(pool, kind, rows, priority);
    const [begun, before, lostBefore] = [performance.now(), computingOf(system.pids), await system.lostTasks()];
    const behind = probe();
    const openRuns: number[] = [];
    const end = await untilEmitted(pool, kind, {
      timeoutMs: options.seconds * 1_000,
      onLook: ({ started, emitted }) => {
        openRuns.push(started - emitted);
        say(`backlog: ${started - 200} of ${rows} started, ${emitted - 200} on Kafka`);
      },
    });
    const seconds = (performance.now() - begun) / 1_000;
    const after = computingOf(system.pids);
    const behindIt = percentiles(await behind.end()) as Percentiles;
    const done = end.emitted - 200;
    const events = done + Math.round(seconds * perSecond);
    return {
      ...{ idle, behind: behindIt, perSecond: done / seconds, startedPerSecond: (end.started - 200) / seconds },
      openRuns: percentiles(openRuns) as Percentiles,
      lostTasks: (await system.lostTasks()) - lostBefore,
      computing: perEvent(before, after, events),
      workerMegabytes: system.residentMegabytes('workers'),
    };
  } finally {
    await pool.end();
  }
}

function readOptions(): Options {
  const settings = (text: string, all: Record<string, string>): Record<string, string> => {
    const at = text.indexOf('=');
    if (at < 1) throw new Error(`--set ${text}: give NAME=VALUE`);
    return { ...all, [text.slice(0, at)]: text.slice(at + 1) };
  };
  const given = new Command('bench:overload')
    .option('--kind <type>', `of the backlog: ${Object.keys(backlogKinds).join(', ')}`, 'message.persisted')
    .option('--rows <n>', 'of the backlog', Number, 3_000)
    .option('--priority <n>', 'of the backlog, 1 (high) to 3 (low)', Number, 3)
    .option('--per-second <n>', 'Critical events', Number, 10)
    .option('--idle-seconds <n>', 'before the backlog', Number, 10)
    .option('--seconds <n>', 'most that the backlog is watched', Number, 120)
    .option('--nudge', 'nudge the bridge after each commit', false)
    .option('--set <NAME=VALUE>', 'a setting of bridge and workers; may be repeated', settings, {})
    .option('--json', 'one JSON object on the last line', false)
    .parse()
    .opts<Options>();
  if (!(given.kind in backlogKinds))
    throw new Error(`--kind ${given.kind}: give one of ${Object.keys(backlogKinds).join(', ')}`);
  return given;
}

function report(result: Result): string {
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const table = new Table({ head: ['', 'p50', 'p95', 'p99', 'max'], style: { head: [], border: [] } });
  for (const [what, its] of [
    ['Critical, idle', result.idle],
    ['Critical, behind the backlog', result.behind],
  ] as const)
    table.push([what, ms(its.p50), ms(its.p95), ms(its.p99), ms(its.max)]);
  const { openRuns: open } = result;
  table.push(['runs open', ...[open.p50, open.p95, open.p99, open.max].map(String)]);
  const computing = Object.entries(result.computing).map(([name, each]) => `${name} ${each.toFixed(1)}`);
  const all = Object.values(result.computing).reduce((sum, each) => sum + each, 0);
  return [
    table.toString(),
    `${result.perSecond.toFixed(1)}/s on Kafka, ${result.startedPerSecond.toFixed(1)}/s started; workflow tasks lost: ${result.lostTasks}; workers ${result.workerMegabytes.toFixed(0)} MB`,
    `CPU ms for each event: ${computing.join(', ')}; in all ${all.toFixed(1)}`,
  ].join('\n');
}

async function main(): Promise<void> {
  const options = readOptions();
  const { nudge: listen, set: environment } = options;
  const result = await withSystem('bench', { listen, environment }, (system) => measure(system, options));
  process.stderr.write(`load ${loadavg()[0]?.toFixed(1)}\n`);
  (options.json ? process.stderr : process.stdout).write(`${report(result)}\n`);
  if (options.json) console.log(JSON.stringify({ options, result }));
}

runBench(main);

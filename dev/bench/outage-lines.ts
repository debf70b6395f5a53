import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import Table from 'cli-table3';
import { Command } from 'commander';
import { publish } from '../../client/publish';
import { createLogger } from '../../runtime/logger';
import { createPool, inTransaction } from '../../runtime/postgres';
import { stackFolder } from '../stack/paths';
import { portVariable } from '../stack/ports';
import { isAlive, stopProcess } from '../stack/processes';
import { localServers } from '../stack/servers/all';
import { type ServerName } from '../stack/servers/server';
import { up } from '../stack/stack';
import { readRecord } from '../stack/state-file';
import { runBench } from './with-stack';
import { type System, withSystem } from './with-system';

const stack = 'bench-lines';
const processes = ['bridge', 'workers'] as const;
const [author, follower] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

interface Measured {
  readonly away: ServerName;
  readonly events: number;
  /** Lines of the level `warn` and above, and their bytes. */
  readonly lines: Readonly<Record<(typeof processes)[number], readonly string[]>>;
}

/** How much the processes log while a server is away and services go on publishing. */
async function measure(system: System, away: ServerName, seconds: number, rate: number): Promise<Measured> {
  const pool = createPool({
    url: system.databaseUrl,
    max: 2,
    applicationName: 'nova-bench',
    logger: createLogger('bench', 'error'),
  });
  try {
    const before = processes.map((name) => warnings(system.logFile(name)).length);
    await stopServer(away);
    const endsAt = performance.now() + seconds * 1_000;
    let events = 0;
    while (performance.now() < endsAt) {
      await inTransaction(pool, (tx) =>
        publish(tx, {
          type: 'content.post.created',
          payload: { post_id: crypto.randomUUID(), user_id: author, caption: 'while a server is away' },
        }),
      );
      events++;
      await pause(1_000 / rate);
    }
    const lines = processes.map((name, i) => warnings(system.logFile(name)).slice(before[i]));
    await startServer(away);
    return { away, events, lines: { bridge: lines[0] ?? [], workers: lines[1] ?? [] } };
  } finally {
    await pool.end();
  }
}

/** pino flushes beside the work; what is still in its buffer belongs to the next measurement. */
function warnings(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /"level":"(warn|error|fatal)"/.test(line));
}

async function stopServer(name: ServerName): Promise<void> {
  const record = readRecord(stackFolder(stack, process.env).stateFile);
  const server = record?.servers[name]?.process;
  if (!isAlive(server)) throw new Error(`${name} is none of this stack's own servers: leave its address out`);
  // It must come back where it was.
  for (const port of localServers[name].ports) process.env[portVariable(port)] = String(record?.ports?.[port]);
  await stopProcess(server, localServers[name].stopSignal, 30_000);
}

async function startServer(name: ServerName): Promise<void> {
  await up({ name: stack });
  // Until what waited is done, the next outage would measure this one too.
  process.stderr.write(`${name} is back\n`);
  await pause(20_000);
}

function print(results: readonly Measured[]): void {
  const table = new Table({ head: ['away', 'events', 'bridge', 'workers', 'kB together'] });
  for (const { away, events, lines } of results) {
    const bytes = [...lines.bridge, ...lines.workers].reduce((sum, line) => sum + line.length + 1, 0);
    table.push([away, events, lines.bridge.length, lines.workers.length, (bytes / 1_000).toFixed(1)]);
  }
  console.log(table.toString());
  for (const { away, lines } of results)
    for (const [name, own] of Object.entries(lines))
      for (const [text, count] of countOf(own)) process.stderr.write(`${away}, ${name}: ${count} × ${text}\n`);
}

function countOf(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const { msg, code = '', error = '' } = JSON.parse(line) as Readonly<Record<string, string>>;
    const text = `${msg} ${code} ${error}`.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '#').slice(0, 140);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

async function main(): Promise<void> {
  const options = new Command('bench:lines')
    .option('--seconds <n>', 'how long each server is away', '120')
    .option('--rate <n>', 'events a second at most', '5')
    .option('--away <servers>', 'comma-separated', 'redis,kafka,temporal')
    .parse()
    .opts<{ seconds: string; rate: string; away: string }>();
  const results = await withSystem(stack, { listen: true, environment: { LOG_LEVEL: 'info' } }, async (system) => {
    const pool = createPool({
      url: system.databaseUrl,
      max: 1,
      applicationName: 'nova-bench',
      logger: createLogger('bench', 'error'),
    });
    await pool.query('INSERT INTO nova.follows (followee_id, follower_id) VALUES ($1, $2)', [author, follower]);
    await pool.end();
    const measured: Measured[] = [];
    for (const away of options.away.split(','))
      measured.push(await measure(system, away as ServerName, Number(options.seconds), Number(options.rate)));
    return measured;
  });
  print(results);
}

runBench(main);

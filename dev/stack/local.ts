import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StackAddresses } from './addresses';
import { messageOf, StackError } from './errors';
import { ask, type Health } from './health/ask';
import { isAlive, spawnDaemon, type ProcessRef } from './processes';
import type { LocalServer, Setting } from './servers/server';
import { givenBy } from './servers/addresses-of';
import { until } from './until';

interface LaunchOptions {
  readonly server: LocalServer;
  readonly setting: Setting;
  readonly addresses: StackAddresses;
  readonly logFile: string;
  readonly birthNote: string;
  /** Called with the process as soon as there is one. */
  readonly born: (process: ProcessRef) => void;
}

const provenMark = (setting: Setting) => join(setting.data, '.proven');

/** Makes the server's data folder ready for a start: new, or repaired after a crash. */
export async function prepareData(server: LocalServer, setting: Setting): Promise<void> {
  if (existsSync(provenMark(setting))) {
    server.repair?.(setting);
    return;
  }
  // Never healthy yet, so it holds nothing: an initialisation that was interrupted half way is made again.
  rmSync(setting.data, { recursive: true, force: true, maxRetries: 5 });
  mkdirSync(setting.data, { recursive: true });
  await server.create(setting);
}

/** Starts one server on its prepared data folder and returns when it is healthy. */
export async function launch(options: LaunchOptions): Promise<Health> {
  const { server, setting, logFile, birthNote } = options;
  const logStart = sizeOf(logFile);
  const process = spawnDaemon(server.command(setting), logFile, birthNote);
  options.born(process);
  const health = await untilHealthy(options, process, logStart);
  writeFileSync(provenMark(setting), '');
  return health;
}

async function untilHealthy(options: LaunchOptions, process: ProcessRef, logStart: number): Promise<Health> {
  const { server, addresses, logFile } = options;
  let problem = 'no reply yet';
  let health: Health | undefined;
  await until(
    async () => {
      if (!isAlive(process)) return true;
      health = await furnishAndAsk(server, addresses).catch((error: unknown): Health => ({
        healthy: false,
        problem: messageOf(error),
      }));
      if (!health.healthy) problem = health.problem;
      return health.healthy;
    },
    { timeoutMs: server.startTimeoutMs, everyMs: 150 },
  );
  if (health?.healthy && isAlive(process)) return health;
  const tail = lastLines(logFile, logStart);
  const how = isAlive(process)
    ? `does not reply after ${server.startTimeoutMs / 1000} s: ${problem}`
    : 'ended while it was starting';
  throw new StackError({
    code: 'START_FAILED',
    what: `${server.title} ${how}${tail ? `; its log ends with: ${tail}` : ''}`,
    where: logFile,
    whatToDo: `on a slow machine it may only need longer: run "npm run stack -- up" again, which takes over what is running. Else look at its log, remove what it stored with "npm run stack -- down --wipe", or set ${givenBy[server.name]} to a server of your own`,
  });
}

/** Health after the server was brought to what the product expects of it. */
export async function furnishAndAsk(server: LocalServer, addresses: StackAddresses): Promise<Health> {
  await server.furnish?.(addresses);
  return ask(server.name, addresses);
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

function lastLines(file: string, from: number): string {
  if (!existsSync(file)) return '';
  const lines = readFileSync(file)
    .subarray(from)
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.slice(-3).join(' / ').slice(0, 500);
}

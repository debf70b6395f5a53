import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { StackError } from './errors';
import type { Env } from './paths';

export const portNames = [
  'postgres',
  'redis',
  'kafka',
  'kafkaController',
  'temporal',
  'temporalUi',
  'temporalHttp',
  'temporalMetrics',
] as const;
export type PortName = (typeof portNames)[number];
export type Ports = Partial<Record<PortName, number>>;

/** The variable that fixes a port, for example NOVA_STACK_PORT_TEMPORAL_UI. */
export function portVariable(name: PortName): string {
  return `NOVA_STACK_PORT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/**
 * Picks each port: the one fixed by its variable, else the one remembered from last time while it is free (so that
 * bookmarks and open shells stay right), else any free one.
 */
export async function choosePorts(
  names: readonly PortName[],
  remembered: Ports,
  env: Env,
  isFree: (port: number) => Promise<boolean> = portIsFree,
  options: FreePortOptions = {},
): Promise<Ports> {
  const chosen: Ports = {};
  // One that was just given to another server is free only until that server starts.
  const isOpen = async (port: number): Promise<boolean> => !Object.values(chosen).includes(port) && isFree(port);
  for (const name of names) {
    const fixed = fixedPort(name, env);
    const last = remembered[name];
    if (fixed !== null) {
      if (!(await isFree(fixed))) {
        throw new StackError({
          code: 'PORT_TAKEN',
          what: `Port ${fixed} is taken by another program`,
          where: portVariable(name),
          whatToDo: 'stop that program, name another port, or unset the variable so that a free port is picked',
        });
      }
      chosen[name] = fixed;
    } else {
      chosen[name] = last !== undefined && (await isOpen(last)) ? last : await freePort(isOpen, options);
    }
  }
  return chosen;
}

function fixedPort(name: PortName, env: Env): number | null {
  const value = env[portVariable(name)];
  if (value === undefined || value === '') return null;
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new StackError({
    code: 'BAD_SETTING',
    what: `"${value}" is no port`,
    where: portVariable(name),
    whatToDo: 'use a whole number from 1 to 65535',
  });
}

export async function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Where ports that were given out are noted, for every process of this user. */
const noted = join(tmpdir(), `nova-ports-${userInfo().uid}`);
/** From here until a process listens it takes seconds, on a busy machine a minute; then `isFree` sees it. */
const notedMs = 120_000;

/** For tests. */
interface FreePortOptions {
  readonly pick?: () => number;
  readonly folder?: string;
}

/**
 * A free port below those that systems hand out by themselves (32768 and up on Linux): any outgoing connection may take
 * one of those, between our look and the server's start or while the stack is down. No two processes get the same one within two minutes.
 */
export async function freePort(
  isFree: (port: number) => Promise<boolean> = portIsFree,
  { pick = () => randomInt(20_000, 32_000), folder = noted }: FreePortOptions = {},
): Promise<number> {
  for (let tries = 0; tries < 10_000; tries += 1) {
    const port = pick();
    if ((await isFree(port)) && note(folder, port)) return port;
  }
  throw new StackError({
    code: 'PORT_TAKEN',
    what: 'No port can be listened on',
    where: '127.0.0.1:20000-31999',
    whatToDo: 'let programs listen on the loopback address, or name ports with the NOVA_STACK_PORT_ variables',
  });
}

/** False: it was given to another a moment ago. */
function note(folder: string, port: number): boolean {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const at = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - at > notedMs) rmSync(path, { force: true });
  }
  try {
    writeFileSync(join(folder, String(port)), '', { flag: 'wx' });
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { type StackAddresses, environmentOf } from '../../dev/stack/addresses';
import { dataFolder } from '../../dev/stack/open-stack';
import { type Env, checkoutRoot, stackFolder } from '../../dev/stack/paths';
import { portVariable } from '../../dev/stack/ports';
import { type ProcessRef, isAlive, stopProcess } from '../../dev/stack/processes';
import { givenBy } from '../../dev/stack/servers/addresses-of';
import { localServers } from '../../dev/stack/servers/all';
import { type ServerName } from '../../dev/stack/servers/server';
import { down, up } from '../../dev/stack/stack';
import { readRecord } from '../../dev/stack/state-file';
import { atOurEnd } from '../../proof/run/at-our-end';
import { servers } from './servers';
import { waitFor } from './wait-for';

/** One real server of a test file's own, to be stopped, killed and paused; it keeps its data, and its address. */
export interface OwnServer {
  readonly name: ServerName;
  /** This server's own address; the others are those of the shared test stack. */
  readonly addresses: StackAddresses;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
  /** SIGKILL, for its children too: as when the machine loses power, but for the disk. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing replies, as after a network fault. */
  pause(): void;
  resume(): void;
  /** Starts it on its old data and address; nothing when it runs. */
  start(): Promise<void>;
  /** Killed, and its disk is gone: `start` begins with nothing. */
  lose(): Promise<void>;
  /** Takes it down and removes its data. Call it in afterAll, whatever happened before. */
  close(): Promise<void>;
}

/**
 * Starts a server for one test file, durable, beside the shared test stack, whose other three servers the file uses.
 * Leftovers of an earlier run that was cut off are removed first. The file's name keeps those of two files apart, which run side by side;
 * `label` two of one file.
 */
export async function startOwnServer(name: ServerName, label?: string): Promise<OwnServer> {
  const stack = [...ofTestFile(), label, name].filter((part) => part !== undefined).join('-');
  const env: Record<string, string | undefined> = { ...process.env, ...environmentOf(servers()), NOVA_STACK: 'local' };
  delete env[givenBy[name]];
  await down({ name: stack, env });
  const { addresses } = await up({ name: stack, profile: 'durable', env, wipe: true });
  const notDown = atOurEnd(
    [process.execPath, '--import', 'tsx', 'dev/stack/cli.ts', 'down', '--name', stack, '--wipe'],
    env,
  );
  const ports = readRecord(stackFolder(stack, env).stateFile)?.ports ?? {};
  // From now on it must come back where it was.
  for (const port of localServers[name].ports) env[portVariable(port)] = String(ports[port]);

  const living = (): ProcessRef[] => {
    const recorded = readRecord(stackFolder(stack, env).stateFile)?.servers[name]?.process;
    return isAlive(recorded) ? [recorded] : [];
  };
  const tree = (): number[] => living().flatMap(({ pid }) => [pid, ...childrenOf(pid)]);
  const signalAll = (signal: NodeJS.Signals): void => tree().forEach((pid) => send(pid, signal));

  return {
    name,
    addresses,
    stop: async () => {
      signalAll('SIGCONT');
      for (const process of living()) await stopProcess(process, localServers[name].stopSignal, 30_000);
    },
    kill: () => kill(tree()),
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    start: () => start(stack, env),
    lose: async () => {
      await kill(tree());
      rmSync(dataFolder(stackFolder(stack, env), name), { recursive: true, force: true, maxRetries: 5 });
    },
    close: async () => {
      notDown();
      signalAll('SIGCONT');
      await down({ name: stack, env, wipe: true });
    },
  };
}

/** A few letters of its name, for people, and of a hash of its path. The name of a stack has 31 characters at most. */
function ofTestFile(): [string, string] {
  const { testPath = 'own' } = expect.getState();
  const hash = createHash('sha256').update(relative(checkoutRoot, testPath)).digest('hex');
  return [basename(testPath, '.test.ts').slice(0, 9).replace(/-$/, ''), hash.slice(0, 4)];
}

/** The port of a killed server may be held for a moment by what is left of it. */
async function start(name: string, env: Env): Promise<void> {
  await waitFor(async () => (await up({ name, profile: 'durable', env })).name, {
    timeoutMs: 300_000,
    everyMs: 250,
    what: `${name} coming up again`,
  });
}

async function kill(pids: readonly number[]): Promise<void> {
  for (const pid of pids) send(pid, 'SIGKILL');
  await waitFor(() => pids.every((pid) => !runs(pid)), { what: 'the end of what was killed' });
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

/** Ended and not yet reaped counts as ended. */
function runs(pid: number): boolean {
  return processTable().some((row) => row.pid === pid && !row.state.startsWith('Z'));
}

function childrenOf(parent: number): number[] {
  return processTable().flatMap((row) => (row.parent === parent ? [row.pid] : []));
}

function processTable(): { pid: number; parent: number; state: string }[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const [pid, parent, state] = line.trim().split(/\s+/);
    return state === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), state }];
  });
}

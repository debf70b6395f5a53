import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { until } from './until';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessRef {
  readonly pid: number;
  /** Boot and start time, as `identityOf` gives them. */
  readonly identity: string;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The user to run as, when it is not our own. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
}

/** Which process has `pid` now, or null when none does. One that has ended and was not yet reaped is none. */
export function identityOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') return linuxIdentity(pid);
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}

/** The process that has `pid` now; of one that is gone already, a reference to no process. */
export function refOf(pid: number): ProcessRef {
  return { pid, identity: identityOf(pid) ?? 'gone' };
}

function linuxIdentity(pid: number): string | null {
  const { state, startTime } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The first thread of a killed server may be dead while others still hold its ports and files.
  const ended = state === 'X' || (state === 'Z' && readdirSync(`/proc/${pid}/task`).length <= 1);
  return ended || startTime === undefined ? null : `${bootId()}:${startTime}`;
}

/** Field 22 of /proc/<pid>/stat is the start time; the command in field 2 may hold spaces and brackets. */
export function parseStat(stat: string): { state: string | undefined; startTime: string | undefined } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0], startTime: fields[19]?.trim() };
}

export function isAlive(ref: ProcessRef | null | undefined): ref is ProcessRef {
  return ref != null && identityOf(ref.pid) === ref.identity;
}

/** The process that a birth note names, while it lives. */
export function fromBirthNote(file: string): ProcessRef | null {
  try {
    const [pid = '', stat = '', boot = ''] = readFileSync(file, 'utf8').split('\n');
    const { startTime } = parseStat(stat);
    const identity = process.platform === 'linux' ? `${boot}:${startTime}` : identityOf(Number(pid));
    const ref = identity === null ? null : { pid: Number(pid), identity };
    return isAlive(ref) ? ref : null;
  } catch {
    return null;
  }
}

/**
 * Starts a daemon that outlives us, its output going to `logFile`.
 * The shell in between notes who it is in `birthNote` and then *becomes* the server, so that a server whose starter was
 * killed in the same instant is still found by the next `up`.
 */
export function spawnDaemon(command: Command, logFile: string, birthNote: string): ProcessRef {
  mkdirSync(dirname(logFile), { recursive: true });
  mkdirSync(dirname(birthNote), { recursive: true });
  const log = openSync(logFile, 'a');
  const note = openSync(birthNote, 'w');
  const script =
    'stat=; boot=; [ -r /proc/$$/stat ] && read -r stat </proc/$$/stat; ' +
    '[ -r /proc/sys/kernel/random/boot_id ] && read -r boot </proc/sys/kernel/random/boot_id; ' +
    'printf "%s\\n%s\\n%s\\n" "$$" "$stat" "$boot" >&3; exec 3>&-; exec "$@"';
  try {
    const child = spawn('/bin/sh', ['-c', script, 'nova-stack', command.file, ...command.args], {
      cwd: command.cwd,
      // Not all of ours: a server should run the same, by whatever user it is started. Wrappers of java and the like need these two.
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...command.env },
      detached: true,
      stdio: ['ignore', log, log, note],
      ...(command.runAs ?? {}),
    });
    child.on('error', () => undefined); // no pid below says it
    child.unref();
    if (child.pid === undefined) throw new Error(`cannot start ${command.file}`);
    return { pid: child.pid, identity: identityOf(child.pid) ?? 'gone' };
  } finally {
    closeSync(log);
    closeSync(note);
  }
}

/** Asks the process to end, waits, and kills it when it does not. Never touches a later owner of the pid. */
export async function stopProcess(ref: ProcessRef, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  if (!isAlive(ref)) return;
  send(ref.pid, signal);
  if (await until(() => !isAlive(ref), { timeoutMs: patienceMs, everyMs: 25 })) return;
  if (isAlive(ref)) send(ref.pid, 'SIGKILL');
  await until(() => !isAlive(ref), { timeoutMs: 60_000, everyMs: 25 });
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

let boot: string | undefined;
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

import { readFileSync, readdirSync } from 'node:fs';

/** Ticks of the kernel's accounts per second, on every Linux that there is. */
const ticksPerSecond = 100;

interface OneProcess {
  readonly parent: number;
  readonly seconds: number;
  /** Time of its children that have ended. */
  readonly ended: number;
}

/**
 * Computing time, seconds, of each process by name with all that it started: a server's sessions are processes of their own. Read from
 * /proc; what has ended without a parent that waited for it is not counted.
 */
export function computingOf(roots: Readonly<Record<string, number>>): Record<string, number> {
  const all = processes();
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of all) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const withAll = (pid: number): number => {
    const own = all.get(pid);
    if (own === undefined) return 0;
    return own.seconds + own.ended + (children.get(pid) ?? []).reduce((sum, child) => sum + withAll(child), 0);
  };
  return Object.fromEntries(Object.entries(roots).map(([name, pid]) => [name, withAll(pid)]));
}

function processes(): Map<number, OneProcess> {
  const pids = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  return new Map(
    pids.flatMap((pid) => {
      const its = timesOf(pid);
      return its === undefined ? [] : [[pid, its] as const];
    }),
  );
}

/** Undefined: it has ended, or is not ours to read. */
function timesOf(pid: number): OneProcess | undefined {
  try {
    // The name of the program, in brackets, may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(') ') + 2)
      .split(' ')
      .map(Number);
    const at = (index: number): number => (fields[index] ?? 0) / ticksPerSecond;
    return { parent: fields[1] ?? 0, seconds: at(11) + at(12), ended: at(13) + at(14) };
  } catch {
    return undefined;
  }
}

/** Milliseconds of computing for each event, by process. */
export function perEvent(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  events: number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([name, seconds]) => [name, ((seconds - (before[name] ?? 0)) * 1_000) / events]),
  );
}

/** Computing time that a process alone has used, seconds; 0: it is not there, or not ours to read. */
export function computedSeconds(pid: number): number {
  return timesOf(pid)?.seconds ?? 0;
}

/** @throws when there is no such process */
export function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1_024;
}

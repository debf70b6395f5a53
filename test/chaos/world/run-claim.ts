import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stackFolder } from '../../../dev/stack/paths';
import { isAlive, type ProcessRef, refOf, stopProcess } from '../../../dev/stack/processes';

interface ClaimRecord {
  readonly owner: ProcessRef;
  readonly children: readonly ProcessRef[];
}

/** A stack that belongs to this run alone while its process lives: chaos on another's servers would be no test of his. */
export interface RunClaim {
  readonly stackName: string;
  /** Folder of logs and evidence; those of the last few runs are kept. */
  readonly folder: string;
  /** Notes a process of the run, so that the next run can end it if this one is killed. */
  addChild(pid: number): void;
  release(): void;
}

const runsKept = 5;
const stacks = ['chaos', 'chaos-2', 'chaos-3', 'chaos-4'];

/** Takes the first stack that no living run has, and ends what a killed run left on it. */
export async function claimRun(run: string): Promise<RunClaim> {
  for (const stackName of stacks) {
    const home = dirname(stackFolder(stackName).root);
    const file = join(home, `${stackName}.run.json`);
    mkdirSync(home, { recursive: true });
    const earlier = readClaim(file);
    if (isAlive(earlier?.owner)) continue;
    await Promise.all((earlier?.children ?? []).map((child) => stopProcess(child, 'SIGKILL', 5_000)));
    const children = new Map<number, ProcessRef>();
    const save = (): void => {
      for (const [pid, child] of children) if (!isAlive(child)) children.delete(pid);
      writeFileSync(file, JSON.stringify({ owner: refOf(process.pid), children: [...children.values()] }));
    };
    save();
    return {
      stackName,
      folder: newFolder(join(home, 'chaos-runs'), run),
      addChild(pid) {
        children.set(pid, refOf(pid));
        save();
      },
      release: () => rmSync(file, { force: true }),
    };
  }
  throw new Error(`${stacks.length} chaos runs are going on already on this machine`);
}

function readClaim(file: string): ClaimRecord | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ClaimRecord;
  } catch {
    return null; // none, or half a note
  }
}

function newFolder(runs: string, run: string): string {
  const folder = join(runs, run);
  mkdirSync(folder, { recursive: true });
  const old = existsSync(runs) ? readdirSync(runs).sort().slice(0, -runsKept) : [];
  for (const name of old) rmSync(join(runs, name), { recursive: true, force: true });
  return folder;
}

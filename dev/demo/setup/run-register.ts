import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, type ProcessRef, refOf, stopProcess } from '../../stack/processes';

interface RunRecord {
  readonly run: string;
  readonly demo: ProcessRef;
  readonly children: readonly ProcessRef[];
}

/** The folder of one run: its processes' logs, and a note of who they are. */
export function runFolder(dataDir: string, run: string): string {
  return join(dataDir, `demo-${run}`);
}

/** Notes which processes belong to this run, so that the next run can end them if this one is killed. */
export function registerRun(dataDir: string, run: string, childPids: readonly number[]): void {
  const folder = runFolder(dataDir, run);
  mkdirSync(folder, { recursive: true });
  const record: RunRecord = { run, demo: refOf(process.pid), children: childPids.map(refOf) };
  writeFileSync(join(folder, 'run.json'), `${JSON.stringify(record, null, 2)}\n`);
}

/** Ends the processes of runs whose demo was killed; returns the other runs that are still going on. */
export async function endOrphans(dataDir: string): Promise<string[]> {
  const records = readRecords(dataDir);
  const living = records.filter(({ demo }) => isAlive(demo));
  const orphans = records.filter((record) => !living.includes(record)).flatMap(({ children }) => children);
  await Promise.all(orphans.map((child) => stopProcess(child, 'SIGTERM', 10_000)));
  return living.filter(({ demo }) => demo.pid !== process.pid).map(({ run }) => run);
}

/** Removes the logs of runs that are over. */
export function removeOldLogs(dataDir: string): void {
  for (const { run, demo } of readRecords(dataDir))
    if (!isAlive(demo)) rmSync(runFolder(dataDir, run), { recursive: true, force: true });
}

function readRecords(dataDir: string): RunRecord[] {
  if (!existsSync(dataDir)) return [];
  const folders = readdirSync(dataDir).filter((name) => name.startsWith('demo-'));
  return folders.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(dataDir, name, 'run.json'), 'utf8')) as RunRecord];
    } catch {
      return []; // no note, or half a note: nothing to end
    }
  });
}

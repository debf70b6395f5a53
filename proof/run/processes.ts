import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, stopProcess } from '../../dev/stack/processes';
import { spawnFromSource } from './spawn-from-source';

/** One of our own processes, run from source. */
export interface DemoProcess {
  readonly name: string;
  readonly logFile: string;
  readonly pid: number;
  /** Throws, with the end of the log, once the process has ended by itself. */
  assertAlive(): void;
  /** Asks it to finish what is in flight; kills it when that takes too long: 20 s, unless another patience is given. */
  stop(patienceMs?: number): Promise<void>;
}

const usualPatienceMs = 20_000;

/** Starts `entry` (a path in the checkout) with its output in a file of `logFolder`. */
export function startProcess(
  name: string,
  entry: string,
  environment: Readonly<Record<string, string>>,
  logFolder: string,
): DemoProcess {
  mkdirSync(logFolder, { recursive: true });
  const logFile = join(logFolder, `${name}.log`);
  const child = spawnFromSource(entry, environment, logFile);
  const { pid } = child;
  let stopping = false;
  let ended: string | undefined;
  child.on('exit', (code, signal) => (ended = signal ?? `code ${code}`));
  const identity = identityOf(pid);
  return {
    name,
    logFile,
    pid,
    assertAlive() {
      if (ended !== undefined && !stopping) {
        throw new Error(`${name} ended by itself (${ended}); its log ends with: ${lastLines(logFile)} (${logFile})`);
      }
    },
    async stop(patienceMs = usualPatienceMs) {
      stopping = true;
      if (ended === undefined && identity !== null) await stopProcess({ pid, identity }, 'SIGTERM', patienceMs);
    },
  };
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-5).join(' ⏎ ').slice(-1_500);
}

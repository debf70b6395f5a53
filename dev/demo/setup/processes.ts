import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '../../stack/paths';
import { identityOf, stopProcess } from '../../stack/processes';

/** One of our own processes, run from source. */
export interface DemoProcess {
  readonly name: string;
  readonly logFile: string;
  readonly pid: number;
  /** Throws, with the end of the log, once the process has ended by itself. */
  assertAlive(): void;
  /** Asks it to finish what is in flight; kills it when that takes too long. */
  stop(): Promise<void>;
}

const patienceMs = 20_000;

/**
 * Starts `entry` (a path in the checkout) with its output in a file. In a process group of its own, so that Ctrl-C reaches
 * the demo alone, which then stops its processes in order.
 */
export function startProcess(
  name: string,
  entry: string,
  environment: Readonly<Record<string, string>>,
  logFolder: string,
): DemoProcess {
  mkdirSync(logFolder, { recursive: true });
  const logFile = join(logFolder, `${name}.log`);
  const log = openSync(logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, ['--import', 'tsx', join(checkoutRoot, entry)], {
      cwd: checkoutRoot,
      env: { ...process.env, ...environment },
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);
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
    async stop() {
      stopping = true;
      if (ended === undefined && identity !== null) await stopProcess({ pid, identity }, 'SIGTERM', patienceMs);
    },
  };
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-5).join(' ⏎ ').slice(-1_500);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkoutRoot } from '../../dev/stack/paths';
import { endsWithUs } from './at-our-end';

/**
 * Starts `entry` (a path in the checkout, or an absolute one) from source, its output appended to `logFile`. In a process
 * group of its own, so that Ctrl-C reaches the caller alone, which then ends its processes in order. A caller that is killed takes
 * them along.
 */
export function spawnFromSource(
  entry: string,
  environment: Readonly<Record<string, string>>,
  logFile: string,
): ChildProcess & { readonly pid: number } {
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(process.execPath, ['--import', 'tsx', resolve(checkoutRoot, entry)], {
      cwd: checkoutRoot,
      env: { ...process.env, ...environment },
      detached: true,
      stdio: ['ignore', log, log],
    });
    if (child.pid === undefined) throw new Error(`${entry} could not be started`);
    return endsWithUs(child as ChildProcess & { readonly pid: number }, true);
  } finally {
    closeSync(log);
  }
}

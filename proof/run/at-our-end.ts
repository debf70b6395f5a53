import { type ChildProcess, spawn } from 'node:child_process';
import { checkoutRoot } from '../../dev/stack/paths';

/**
 * Runs a command once this process is gone, however it ends: also by SIGKILL, which no handler hears. A shell, in a group of its own,
 * waits for the end of a pipe that this process alone holds.
 * @returns how to take it back
 */
export function atOurEnd(command: readonly string[], env: NodeJS.ProcessEnv = process.env): () => void {
  const watcher = spawn('/bin/sh', ['-c', 'cat >/dev/null; exec "$@"', 'at-our-end', ...command], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: checkoutRoot,
    env,
  });
  // Neither it nor its pipe keeps this process.
  watcher.on('error', () => undefined).unref();
  const line = watcher.stdin as unknown as { unref(): void; on(event: 'error', ignore: () => void): void };
  line.on('error', () => undefined);
  line.unref();
  return () => {
    try {
      if (watcher.pid !== undefined) process.kill(-watcher.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
}

/** A child is killed when this process is gone; with `group`, so is what it started (it was started `detached`). */
export function endsWithUs<C extends ChildProcess>(child: C, group = false): C {
  const { pid } = child;
  if (pid === undefined) return child;
  child.once('exit', killedAtOurEnd(group ? -pid : pid));
  return child;
}

/** @param pid of a process, or of a process group, negative @returns how to take it back, once it has ended by itself */
export const killedAtOurEnd = (pid: number): (() => void) => atOurEnd(['kill', '-s', 'KILL', '--', String(pid)]);

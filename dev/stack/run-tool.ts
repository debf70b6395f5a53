import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { StackError, type StackErrorCode } from './errors';

export interface ToolRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
  readonly timeoutMs: number;
  readonly onLine?: (line: string) => void;
  /** What to do when it fails, for the error's sentence. */
  readonly whatToDo: string;
  readonly code?: StackErrorCode;
}

/** Runs a package client, or a server's own set-up tool, to its end and returns its standard output. */
export async function runTool(run: ToolRun): Promise<string> {
  const child = spawn(run.file, run.args, {
    cwd: run.cwd,
    env: run.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(run.runAs ?? {}),
  });
  const output: string[] = [];
  const errors: string[] = [];
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, run.timeoutMs);
  createInterface({ input: child.stdout }).on('line', (line) => {
    output.push(line);
    run.onLine?.(line);
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    run.onLine?.(line);
  });
  try {
    const ending = await new Promise<string | null>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => resolve(code === 0 ? null : `ended with ${signal ?? `code ${code}`}`));
    });
    if (ending === null) return output.join('\n');
    const why = late ? `took longer than ${run.timeoutMs / 1000} s` : ending;
    const tail = [...errors, ...output].filter((line) => line.trim() !== '').slice(-4).join(' / ');
    throw new StackError({
      code: run.code ?? 'FETCH_FAILED',
      what: `"${[run.file, ...run.args].join(' ').slice(0, 200)}" ${why}${tail ? ` and said: ${tail.slice(0, 600)}` : ''}`,
      where: run.cwd ?? process.cwd(),
      whatToDo: run.whatToDo,
    });
  } finally {
    clearTimeout(timer);
  }
}

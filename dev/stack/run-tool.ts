import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { StackError, type StackErrorCode } from './errors';

export interface ToolRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
  readonly timeoutMs: number;
  /** Exit codes that are no failure; 0 unless said otherwise. */
  readonly okCodes?: readonly number[];
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
  const { okCodes = [0] } = run;
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
      child.on('close', (code, signal) =>
        resolve(code !== null && okCodes.includes(code) ? null : `ended with ${signal ?? `code ${code}`}`),
      );
    });
    if (ending === null) return output.join('\n');
    const why = late ? `took longer than ${run.timeoutMs / 1000} s` : ending;
    const said = linesOfFailure([...output, ...errors]);
    throw new StackError({
      code: run.code ?? 'FETCH_FAILED',
      what: `"${[basename(run.file), ...run.args].join(' ').slice(0, 60)}…" ${why}${said ? ` and said: ${said}` : ''}`,
      where: run.cwd ?? process.cwd(),
      whatToDo: run.whatToDo,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** What a tool said about its failure: the first lines that sound like it, else the last ones. */
export function linesOfFailure(lines: readonly string[]): string {
  const plain = lines.map((line) => line.replace(/\u001b\[[0-9;]*m/g, '').trim());
  const spoken = plain.filter((line) => line !== '' && line !== '[ERROR]');
  const errors = spoken.filter((line) => /error|fatal|failed|denied|^E: /i.test(line));
  return (errors.length > 0 ? errors.slice(0, 2) : spoken.slice(-3)).join(' / ').slice(0, 500);
}

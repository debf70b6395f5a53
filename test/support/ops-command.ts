import { execFile } from 'node:child_process';
import { environmentOf } from '../../dev/stack/addresses';
import { servers } from './servers';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The operator's command as a person runs it, without a terminal. `environment` comes on top of the test servers' addresses. */
export function runOps(environment: Readonly<Record<string, string>>, ...args: string[]): Promise<CommandResult> {
  const env = { ...process.env, ...environmentOf(servers()), ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', 'ops/cli.ts', ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

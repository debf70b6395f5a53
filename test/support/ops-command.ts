import { execFile } from 'node:child_process';
import { environmentOf } from '../../dev/stack/addresses';
import { fromSource } from './from-source';
import { servers } from './servers';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

/** The operator's command as a person runs it, without a terminal. `environment` comes on top of the test servers' addresses. */
export const runOps = (environment: Environment, ...args: string[]): Promise<CommandResult> =>
  run('ops/cli.ts', environment, args);

/** `npm run migrate -- …args` in the same way. */
export const runMigrate = (environment: Environment, ...args: string[]): Promise<CommandResult> =>
  run('migrations/main.ts', environment, args);

/** `npm run console -- …args`. */
export const runConsole = (environment: Environment, ...args: string[]): Promise<CommandResult> =>
  run('console/main.ts', environment, args);

function run(entry: string, environment: Environment, args: readonly string[]): Promise<CommandResult> {
  const env = { ...process.env, ...environmentOf(servers()), ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [...fromSource, entry, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

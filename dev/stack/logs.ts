import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { logsArguments } from './docker/compose';
import { StackError } from './errors';
import { logFile } from './open-stack';
import { stackFolder, type Env } from './paths';
import { serverNames, type ServerName } from './servers/server';
import { readRecord } from './state-file';

interface LogsOptions {
  readonly name: string;
  /** Only this server's. */
  readonly server?: ServerName;
  readonly lines: number;
  readonly follow: boolean;
  readonly env?: Env;
}

/** Shows the ends of the servers' logs on our own output, by `tail` and `docker compose logs`; resolves when they end. */
export async function logs({ name, server, lines, follow, env = process.env }: LogsOptions): Promise<void> {
  const folder = stackFolder(name, env);
  const record = readRecord(folder.stateFile);
  const wanted = server ? [server] : serverNames;
  const inDocker = wanted.filter((each) => record?.servers[each]?.how === 'docker');
  const files = wanted.filter((each) => !inDocker.includes(each)).map((each) => logFile(folder, each));
  const present = files.filter(existsSync);
  if (present.length === 0 && inDocker.length === 0) {
    throw new StackError({
      code: 'BAD_SETTING',
      what: `The stack "${name}" has no log${server ? ` of ${server}` : ''} yet`,
      where: folder.logs,
      whatToDo: `start it with npm run stack -- up --name ${name}, or name another stack`,
    });
  }
  await Promise.all([
    ...(present.length > 0 ? [shown('tail', tailArguments(present, lines, follow))] : []),
    ...inDocker.map((each) => shown('docker', logsArguments(name, each, { lines, follow }))),
  ]);
}

/** `-F` also follows a log across the server's next start. */
export function tailArguments(files: readonly string[], lines: number, follow: boolean): string[] {
  return ['-n', String(lines), ...(follow ? ['-F'] : []), ...files];
}

async function shown(file: string, args: string[]): Promise<void> {
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  await new Promise((resolve) => child.on('close', resolve).on('error', resolve));
}

import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StackError } from '../errors';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Who a server that refuses to be root runs as: `postgres`, else `nobody`; undefined when we are not root ourselves. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = readFileSync('/etc/passwd', 'utf8');
  return findUser(passwd, 'postgres') ?? findUser(passwd, 'nobody') ?? { uid: 65_534, gid: 65_534 };
}

export function findUser(passwd: string, name: string): User | undefined {
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':');
  return fields?.[2] === undefined || fields[3] === undefined
    ? undefined
    : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** Throws when the user cannot pass through every folder on the way to `path`, naming the first that is closed. */
export function assertReachable(path: string, user: User, variable: string): void {
  const closed = ancestors(path).find((folder) => !mayPass(folder, user));
  if (closed === undefined) return;
  throw new StackError({
    code: 'BAD_FOLDER',
    what: `PostgreSQL, which may not run as root, runs as user ${user.uid} here, who cannot pass through ${closed} to ${path}`,
    where: variable,
    whatToDo: `set ${variable} to a folder that others may reach`,
  });
}

function mayPass(folder: string, { uid, gid }: User): boolean {
  const stat = statSync(folder);
  const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
  return (stat.mode & bit) !== 0;
}

/** The folders above a path, the root first. */
function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...ancestors(parent), parent];
}

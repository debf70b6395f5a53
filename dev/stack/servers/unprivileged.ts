import { readFileSync } from 'node:fs';

interface User {
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

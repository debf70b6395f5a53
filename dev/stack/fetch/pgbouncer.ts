import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors';
import type { Env } from '../paths';
import { type Program } from '../servers/server';
import { isExecutable, which } from '../which';
import { debianPackageHome, debianPackagesAreHere, fetchDebianPackage, librariesOf } from './debian-package';

const advice = 'install PgBouncer (Debian: apt-get install pgbouncer)';
const binaryIn = (folder: string) => join(folder, 'usr', 'sbin', 'pgbouncer');
const debianPackage = {
  name: 'pgbouncer',
  isWhole: (folder: string) => isExecutable(binaryIn(folder)),
  whatToDo: advice,
};

/** `pgbouncer` on PATH; else Debian's package, unpacked into the cache (fetched once). */
export async function findPgBouncer(env: Env = process.env, detail: (text: string) => void = ignore): Promise<Program> {
  const onPath = which('pgbouncer', env);
  if (onPath) return { name: 'PgBouncer', path: onPath };
  const home = debianPackageHome(debianPackage.name, env);
  if (!existsSync(home) && !debianPackagesAreHere(env)) {
    const what = 'pgbouncer is not on this machine';
    throw new StackError({ code: 'MISSING_PROGRAM', what, where: 'PATH', whatToDo: advice });
  }
  const folder = await fetchDebianPackage(debianPackage, env, detail);
  return { name: "PgBouncer, Debian's package", path: binaryIn(folder), libraries: librariesOf(folder) };
}

function ignore(): void {
  // silent: the exit code says it
}

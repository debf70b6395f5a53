import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors';
import type { Env } from '../paths';
import { debianPackageHome, debianPackagesAreHere, fetchDebianPackage } from './debian-package';

const advice = 'install libfaketime (Debian: apt-get install libfaketime)';
/** The variant for programs with several threads. */
const fileName = 'libfaketimeMT.so.1';
const debianPackage = {
  name: 'libfaketime',
  isWhole: (folder: string) => libraryIn(folder) !== null,
  whatToDo: advice,
};

/**
 * The library that, preloaded, gives a process a wall clock of its own: the machine's, else Debian's package unpacked
 * into the cache (fetched once).
 */
export async function findFaketime(env: Env = process.env, detail: (text: string) => void = ignore): Promise<string> {
  const installed = libraryIn('/');
  if (installed !== null) return installed;
  const home = debianPackageHome(debianPackage.name, env);
  const missing = new StackError({
    code: 'MISSING_PROGRAM',
    what: `${fileName} is not on this machine`,
    where: '/usr/lib',
    whatToDo: advice,
  });
  if (!existsSync(home) && !debianPackagesAreHere(env)) throw missing;
  const library = libraryIn(await fetchDebianPackage(debianPackage, env, detail));
  if (library === null) throw missing;
  return library;
}

function libraryIn(root: string): string | null {
  const lib = join(root, 'usr', 'lib');
  if (!existsSync(lib)) return null;
  const files = readdirSync(lib).map((name) => join(lib, name, 'faketime', fileName));
  return files.find((file) => existsSync(file)) ?? null;
}

function ignore(): void {
  // silent: the exit code says it
}

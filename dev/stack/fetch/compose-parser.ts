import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '../paths';
import { isExecutable } from '../which';
import { debianPackagesAreHere, fetchDebianPackage } from './debian-package';

/** Debian's own Python: the package's modules belong to it, and to no other Python of the machine. */
const python = '/usr/bin/python3';
const scriptIn = (home: string) => join(home, 'usr', 'bin', 'docker-compose');
const debianPackage = {
  name: 'docker-compose',
  isWhole: (home: string) => existsSync(scriptIn(home)),
  whatToDo: 'make sure that apt-get reaches its mirror; only the test of docker-compose.yml needs this',
};

/** What the machine lacks to fetch and run Debian's docker-compose; null: nothing. */
export function composeParserLacks(env: Env): string | null {
  if (!debianPackagesAreHere(env)) return 'apt-get and dpkg';
  return isExecutable(python) ? null : python;
}

/**
 * Debian's docker-compose as a command line, from its package unpacked into the cache (2 MB, fetched once; nothing is
 * installed). Its `config` reads a file and checks it without an engine. Debian 12 has Compose 1, whose format has no `name`.
 * @throws StackError FETCH_FAILED
 */
export async function fetchComposeParser(env: Env): Promise<{ file: string; args: string[]; env: NodeJS.ProcessEnv }> {
  const home = await fetchDebianPackage(debianPackage, env, () => undefined);
  const modules = join(home, 'usr', 'lib', 'python3', 'dist-packages');
  return { file: python, args: [scriptIn(home)], env: { ...env, PYTHONPATH: modules } };
}

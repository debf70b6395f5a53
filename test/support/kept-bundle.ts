import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WorkflowBundleWithSourceMap } from '@temporalio/worker';

/** Folder of the bundles of this run, which all its test files share; unset: each file makes its own. */
export const bundlesVariable = 'NOVA_TEST_BUNDLES';

/** The folder of a run, in the process that runs its set-up and teardown. */
export const bundlesOfRun = (): string => join(tmpdir(), `nova-bundles-${process.pid}`);

/** Makes a bundle once per run: some fifty files need one, and webpack computes two seconds for it. */
export async function keptBundle(
  key: string,
  make: () => Promise<WorkflowBundleWithSourceMap>,
): Promise<WorkflowBundleWithSourceMap> {
  const folder = process.env[bundlesVariable];
  if (folder === undefined) return make();
  const place = join(folder, createHash('sha256').update(key).digest('hex'));
  const kept = read(place);
  if (kept !== undefined) return JSON.parse(kept) as WorkflowBundleWithSourceMap;
  const bundle = await make();
  mkdirSync(folder, { recursive: true });
  // Whole or not at all: another worker of jest may read it now.
  const unfinished = `${place}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify(bundle));
  renameSync(unfinished, place);
  return bundle;
}

function read(place: string): string | undefined {
  try {
    return readFileSync(place, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    return undefined;
  }
}

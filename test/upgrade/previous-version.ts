import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkoutRoot } from '../../dev/stack/paths';

/** The commit that the version before was made of. Moved on at each release, when "contract" steps become possible. */
export const previousRevision = '2b4f98776aebaee6e2b54a01b748f170a757d356';

export interface PreviousVersion {
  readonly folder: string;
  remove(): void;
}

/**
 * The sources of the version before, from the history of this checkout, in a folder of their own; dependencies are shared.
 * @throws when the history is not there, which a shallow clone does not have: `git fetch --unshallow`
 */
export function previousVersion(): PreviousVersion {
  const folder = mkdtempSync(join(tmpdir(), 'nova-previous-'));
  try {
    const archive = execFileSync('git', ['archive', '--format=tar', previousRevision], {
      cwd: checkoutRoot,
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
  } catch (thrown) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`commit ${previousRevision} is not in this clone; get the whole history: git fetch --unshallow`, {
      cause: thrown,
    });
  }
  symlinkSync(join(checkoutRoot, 'node_modules'), join(folder, 'node_modules'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

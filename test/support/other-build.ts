import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkoutRoot } from '../../dev/stack/paths';

/** Not needed to run a process from source, or shared. */
const leftOut = new Set(['node_modules', '.git', 'dist', 'test', 'docs']);

/** A text of a file, and what stands there in the other build. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * The sources of this checkout with some changes, as a deployment of other code has them; dependencies are shared. Its processes:
 * `OwnSystem.inCheckout(folder)`.
 * @throws Error when a file does not have the text that is to be changed
 */
export function otherBuild(changes: readonly Change[]): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'nova-other-build-'));
  for (const name of readdirSync(checkoutRoot))
    if (!leftOut.has(name)) cpSync(join(checkoutRoot, name), join(folder, name), { recursive: true });
  symlinkSync(join(checkoutRoot, 'node_modules'), join(folder, 'node_modules'));
  for (const { file, from, to } of changes) {
    const text = readFileSync(join(folder, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} does not have: ${from}`);
    writeFileSync(join(folder, file), text.replace(from, to));
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

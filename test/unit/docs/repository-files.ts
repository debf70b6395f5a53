import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

export const root = join(__dirname, '../../..');

/** What git has or would take; in a copy without git, all that lies there. Paths from the root. */
export function filesOfRepository(): string[] {
  if (!existsSync(join(root, '.git')))
    return readdirSync(root, { withFileTypes: true, recursive: true }).flatMap((entry) =>
      entry.isFile() ? [relative(root, join(entry.parentPath, entry.name))] : [],
    );
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  return listed
    .toString()
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)));
}

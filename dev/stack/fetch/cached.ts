import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, StackError } from '../errors';
import { withLock } from '../lock';

interface CachedOptions {
  /** Called when another process is fetching the same thing. */
  readonly onWait: (text: string) => void;
  readonly timeoutMs: number;
}

/**
 * The folder `dir` of the cache, filled by `fill` when it is not there. It appears whole or not at all: filled beside its
 * place and renamed, under a lock; what a killed fetch left is removed by the next.
 */
export async function cached(
  dir: string,
  options: CachedOptions,
  fill: (draft: string) => Promise<void>,
): Promise<string> {
  if (existsSync(dir)) return dir;
  makeCache(dirname(dir));
  await withLock(
    `${dir}.lock`,
    {
      timeoutMs: options.timeoutMs,
      onWait: (pid) => options.onWait(`process ${pid} is already fetching it: waiting for that`),
    },
    async () => {
      if (existsSync(dir)) return;
      const drafts = `${basename(dir)}.draft-`;
      for (const left of readdirSync(dirname(dir)).filter((name) => name.startsWith(drafts))) {
        rmSync(join(dirname(dir), left), { recursive: true, force: true });
      }
      const draft = join(dirname(dir), `${drafts}${process.pid}`);
      mkdirSync(draft, { mode: 0o755 });
      try {
        await fill(draft);
        renameSync(draft, dir);
      } finally {
        rmSync(draft, { recursive: true, force: true });
      }
    },
  );
  return dir;
}

function makeCache(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new StackError({
      code: 'BAD_FOLDER',
      what: `The cache folder cannot be made: ${messageOf(error)}`,
      where: folder,
      whatToDo: 'set NOVA_CACHE_DIR to a folder that you may write',
    });
  }
}

import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, StackError } from './errors';
import { identityOf, isAlive, type ProcessRef } from './processes';
import { until } from './until';

interface LockOptions {
  readonly timeoutMs: number;
  /** Called once, with the holder's pid, when the lock is not free at once. */
  readonly onWait?: (holder: number) => void;
}

/** Runs `work` while no other process (and no other call here) holds `file`. A dead holder's lock is taken over. */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, identity: identityOf(process.pid), token: randomUUID() });
  let reported = false;
  const got = await until(
    () => {
      if (create(file, mine)) return true;
      const holder = readHolder(file);
      if (holder === null || !isAlive(holder)) removeStale(file);
      else if (!reported) {
        reported = true;
        options.onWait?.(holder.pid);
      }
      return false;
    },
    { timeoutMs: options.timeoutMs, everyMs: 100 },
  );
  if (!got) {
    throw new StackError({
      code: 'BUSY',
      what: `Process ${readHolder(file)?.pid ?? '?'} has been working on the same thing for too long`,
      where: file,
      whatToDo: 'wait for it or end it, then try again',
    });
  }
  try {
    return await work();
  } finally {
    if (readText(file) === mine) rmSync(file, { force: true });
  }
}

/** Creates the lock with its content in one step (a link), or says that there is one. */
function create(file: string, content: string): boolean {
  const draft = `${file}.${randomUUID()}`;
  try {
    writeFileSync(draft, content);
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new StackError({
      code: 'BAD_FOLDER',
      what: `The lock cannot be written: ${messageOf(error)}`,
      where: dirname(file),
      whatToDo: 'make the folder writable, or set NOVA_STACK_DIR and NOVA_CACHE_DIR to folders that are',
    });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Under a lock of its own: between seeing a dead holder and removing its lock, another waiter may have taken it over. */
function removeStale(file: string): void {
  const guard = `${file}.takeover`;
  if (!create(guard, String(process.pid))) {
    // Held for microseconds; an old one is from a process killed within them.
    const age = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 10_000) rmSync(guard, { force: true });
    return;
  }
  try {
    const holder = readHolder(file);
    if (holder === null || !isAlive(holder)) rmSync(file, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function readHolder(file: string): ProcessRef | null {
  try {
    return JSON.parse(readText(file) ?? 'null') as ProcessRef | null;
  } catch {
    return null;
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

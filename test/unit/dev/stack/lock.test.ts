import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../../../dev/stack/lock';
import { identityOf } from '../../../../dev/stack/processes';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-lock-'));
  file = join(folder, 'below', 'a.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const holder = (pid: number, identity: string | null) => JSON.stringify({ pid, identity, token: 't' });

it('lets one in at a time and leaves nothing behind', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, (inside += 1));
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all([1, 2, 3].map(() => withLock(file, { timeoutMs: 60_000 }, work)));
  expect(most).toBe(1);
  expect(existsSync(file)).toBe(false);
});

it('takes over the lock of a process that is gone', async () => {
  await withLock(file, { timeoutMs: 60_000 }, () => Promise.resolve());
  writeFileSync(file, holder(2 ** 30, 'x'));
  expect(await withLock(file, { timeoutMs: 60_000 }, () => Promise.resolve('mine'))).toBe('mine');
});

it('takes over a lock whose pid belongs to another process now', async () => {
  await withLock(file, { timeoutMs: 60_000 }, () => Promise.resolve());
  writeFileSync(file, holder(process.pid, 'an earlier boot:1'));
  expect(await withLock(file, { timeoutMs: 60_000 }, () => Promise.resolve('mine'))).toBe('mine');
});

it('waits for a living holder, says so once, and gives up with a sentence that names it', async () => {
  await withLock(file, { timeoutMs: 60_000 }, () => Promise.resolve());
  writeFileSync(file, holder(process.pid, identityOf(process.pid)));
  const waits: number[] = [];
  const attempt = withLock(file, { timeoutMs: 350, onWait: (pid) => waits.push(pid) }, () => Promise.resolve());
  await expect(attempt).rejects.toMatchObject({ code: 'BUSY', where: file });
  expect(waits).toEqual([process.pid]);
});

it('frees the lock when the work fails', async () => {
  await expect(withLock(file, { timeoutMs: 60_000 }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});

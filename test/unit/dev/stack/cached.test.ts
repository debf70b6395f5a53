import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from '../../../../dev/stack/fetch/cached';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nova-cache-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const options = { timeoutMs: 60_000, onWait: () => undefined };
const fill = (text: string) => async (draft: string) => writeFileSync(join(draft, 'thing'), text);

it('fetches once, however many ask at the same time', async () => {
  const dir = join(folder, 'thing-1');
  let fetched = 0;
  const count = async (draft: string) => {
    fetched += 1;
    await fill('x')(draft);
  };
  await Promise.all([1, 2, 3].map(() => cached(dir, options, count)));
  expect(fetched).toBe(1);
  expect(readFileSync(join(dir, 'thing'), 'utf8')).toBe('x');
});

it('shows nothing of a fetch that failed, and fetches again', async () => {
  const dir = join(folder, 'thing-1');
  const failing = async (draft: string) => {
    await fill('half')(draft);
    throw new Error('no network');
  };
  await expect(cached(dir, options, failing)).rejects.toThrow('no network');
  expect(readdirSync(folder)).toEqual([]);
  await cached(dir, options, fill('whole'));
  expect(readFileSync(join(dir, 'thing'), 'utf8')).toBe('whole');
});

it('removes what a killed fetch left', async () => {
  mkdirSync(join(folder, 'thing-1.draft-99999'));
  await cached(join(folder, 'thing-1'), options, fill('x'));
  expect(readdirSync(folder)).toEqual(['thing-1']);
});

it('says where the cache could not be made', async () => {
  writeFileSync(join(folder, 'file'), '');
  const fetch = cached(join(folder, 'file', 'thing'), options, fill('x'));
  await expect(fetch).rejects.toMatchObject({ code: 'BAD_FOLDER', where: join(folder, 'file') });
  expect(existsSync(join(folder, 'file'))).toBe(true);
});

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeStalePidFile } from '../../../../dev/stack/servers/postgres';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-pid-'));
  file = join(folder, 'postmaster.pid');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('removes the file of a server that is gone', () => {
  writeFileSync(file, `${2 ** 30}\n/data\n`);
  removeStalePidFile(file);
  expect(existsSync(file)).toBe(false);
});

it('removes it when the pid belongs to something else now, which PostgreSQL itself would take for a server', () => {
  writeFileSync(file, `${process.pid}\n/data\n`);
  removeStalePidFile(file, () => 'node');
  expect(existsSync(file)).toBe(false);
});

it('leaves it while a PostgreSQL has the pid', () => {
  writeFileSync(file, `${process.pid}\n/data\n`);
  removeStalePidFile(file, () => '/usr/lib/postgresql/15/bin/postgres');
  expect(existsSync(file)).toBe(true);
});

it('removes a torn file', () => {
  writeFileSync(file, '');
  removeStalePidFile(file);
  expect(existsSync(file)).toBe(false);
});

it('does nothing without one', () => {
  expect(() => removeStalePidFile(file)).not.toThrow();
});

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyRecord, readRecord, writeRecord } from '../../../../dev/stack/state-file';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-state-'));
  file = join(folder, 'below', 'stack.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('reads what was written, and leaves no draft', () => {
  const record = { ...emptyRecord('dev', 'test'), ports: { redis: 4001 } };
  writeRecord(file, record);
  expect(readRecord(file)).toEqual(record);
  expect(readdirSync(join(folder, 'below'))).toEqual(['stack.json']);
});

it('takes a missing, torn or foreign file for no record', () => {
  expect(readRecord(file)).toBeNull();
  for (const text of ['', '{"name": "de', '[]', 'null', '{"other": 1}']) {
    const odd = join(folder, 'odd.json');
    writeFileSync(odd, text);
    expect(readRecord(odd)).toBeNull();
  }
});

it('fills in what an older record lacks', () => {
  writeRecord(file, { name: 'dev' } as never);
  expect(readRecord(file)).toEqual(emptyRecord('dev'));
});

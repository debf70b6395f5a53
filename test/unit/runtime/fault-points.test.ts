import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultPoint, armFaultPoints, faultPoint, faultPoints } from '../../../runtime/fault-points';
import { productRooms, sourcesOf } from '../../support/product-files';

const root = join(__dirname, '../../..');
const sources = sourcesOf([...productRooms, 'dev']).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8'),
}));
const definition = join('runtime', 'fault-points.ts');

afterEach(() => armFaultPoints(undefined));

it('is armed by no production file', () => {
  const arming = sources.filter(({ file, text }) => file !== definition && text.includes('armFaultPoints'));
  expect(arming.map(({ file }) => file)).toEqual([]);
});

it('reads no environment: nothing but a call can arm it', () => {
  const text = sources.find(({ file }) => file === definition)?.text ?? '';
  expect(text).not.toMatch(/process\.|import /);
});

it('marks each point somewhere, and no point that is not in the table', () => {
  const marked = sources.flatMap(({ text }) => [...text.matchAll(/faultPoint\('([^']+)'\)/g)].map((match) => match[1]));
  expect([...new Set(marked)].sort()).toEqual(Object.keys(faultPoints).sort());
});

it('is awaited or gathered wherever it is marked, so that an armed point can hold up what follows', () => {
  const calls = sources.flatMap(({ file, text }) =>
    text
      .split('\n')
      .filter((line) => /faultPoint\('/.test(line))
      .map((line) => ({ file, line: line.trim() })),
  );
  expect(calls.filter(({ line }) => !/await faultPoint\(|Promise\.all\(\[.*faultPoint\(/.test(line))).toEqual([]);
});

it('returns undefined at once while it is unarmed: no promise, no call', () => {
  const names = Object.keys(faultPoints) as FaultPoint[];
  expect(names.map((name) => faultPoint(name)).filter((answer) => answer !== undefined)).toEqual([]);
});

it('hands every point to the handler while it is armed, and its failure to the code at the point', async () => {
  const seen: FaultPoint[] = [];
  armFaultPoints((point) => {
    seen.push(point);
    return point === 'emit.sent' ? Promise.reject(new Error('armed')) : undefined;
  });
  await faultPoint('bridge.claimed');
  await expect(faultPoint('emit.sent')).rejects.toThrow('armed');
  expect(seen).toEqual(['bridge.claimed', 'emit.sent']);
});

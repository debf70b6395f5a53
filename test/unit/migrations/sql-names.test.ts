import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '../../../dev/stack/paths';
import { functionRights, relationRights } from '../../../migrations/rights/decided';

const rooms = ['activities', 'feeds', 'outbox-bridge', 'ops', 'client', 'workers', 'runtime', 'dev'];
const relation = Object.keys(relationRights).join('|');
const called = Object.keys(functionRights).join('|');
const unqualified = [
  new RegExp(`\\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ONLY)\\s+(?:${relation})\\b`, 'g'),
  new RegExp(`(?<![.\\w])(?:${called})\\(`, 'g'),
  new RegExp(`'(?:${relation})'::regclass`, 'g'),
];

const sources = rooms
  .flatMap((room) =>
    readdirSync(join(checkoutRoot, room), { recursive: true, encoding: 'utf8' }).map((f) => join(room, f)),
  )
  .filter((file) => file.endsWith('.ts'));

describe('SQL texts of the product', () => {
  // A login finds `follows` in whatever schema its search_path says; ours is found by name or not at all.
  it('name the schema of every table, view, sequence and function of ours', () => {
    expect(sources.length).toBeGreaterThan(200);
    const found = sources.flatMap((file) => {
      const text = readFileSync(join(checkoutRoot, file), 'utf8');
      return unqualified.flatMap((pattern) => [...text.matchAll(pattern)].map(([match]) => `${file}: ${match}`));
    });
    expect(found).toEqual([]);
  });
});

import { randomUUID } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { IdSet } from '../../../../activities/audit/id-set';

const numbered = (place: (n: string) => string) => (n: number) => place(n.toString(16).padStart(8, '0'));

describe('a set of ids', () => {
  it.each<[string, (n: number) => string]>([
    ['random', () => randomUUID()],
    ['made in one millisecond', () => uuidv7()],
    ['counted at the front', numbered((n) => `${n}-0000-4000-8000-000000000000`)],
    ['counted at the end', numbered((n) => `00000000-0000-4000-8000-0000${n}`)],
  ])('knows each of 50,000 that are %s, and no other', (_, make) => {
    const set = new IdSet();
    const ids = Array.from({ length: 50_000 }, (_unused, n) => make(n));
    expect(ids.filter((id) => !set.add(id))).toEqual([]);
    expect(set.size).toBe(50_000);
    expect(ids.filter((id) => !set.has(id))).toEqual([]);
    expect(ids.slice(0, 1_000).some((id) => set.add(id))).toBe(false);
    expect(Array.from({ length: 10_000 }, () => randomUUID()).some((id) => set.has(id))).toBe(false);
  });
});

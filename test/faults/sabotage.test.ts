import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { breaks, sabotaged } from './sabotage';

it.each(Object.entries(breaks))('the break %s still finds what it breaks', (name, places) => {
  for (const { file } of places) {
    const source = readFileSync(join(__dirname, '../..', file), 'utf8');
    expect(sabotaged(file, source, name)).not.toBe(source);
  }
});

it('leaves everything as it is unless it is asked to break something', () => {
  expect(sabotaged('any.ts', 'as it was', undefined)).toBe('as it was');
  expect(() => sabotaged('any.ts', '', 'no such break')).toThrow('one of');
});

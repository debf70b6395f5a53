import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const text = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');

interface Citation {
  readonly file: string;
  readonly titles: readonly string[];
}

/** `path/of.test.ts` followed by one or more "titles". */
function citationsIn(markdown: string): Citation[] {
  return [...markdown.matchAll(/`([\w./-]+\.test\.ts)`((?:,? "[^"]+")*)/g)].map(([, file = '', titles = '']) => ({
    file,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }));
}

describe('docs/guarantees.md', () => {
  const citations = citationsIn(text);

  it('names tests', () => {
    expect(citations.length).toBeGreaterThan(30);
  });

  it.each(citations.map((citation) => [citation.file, citation] as const))(
    'cites %s, which says so',
    (file, citation) => {
      const path = join(root, 'test', file);
      expect(existsSync(path)).toBe(true);
      const source = readFileSync(path, 'utf8');
      expect(citation.titles.filter((title) => !source.includes(title))).toEqual([]);
    },
  );

  it('leaves no cell of a table empty', () => {
    const cells = text
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .flatMap((line) => line.split('|').slice(1, -1));
    expect(cells.filter((cell) => cell.trim() === '')).toEqual([]);
  });
});

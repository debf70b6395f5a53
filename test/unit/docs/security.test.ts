import { citationsIn, linesWithEmptyCells, missingFrom, readPage } from './citations';

describe('SECURITY.md', () => {
  const text = readPage('SECURITY.md');
  const citations = citationsIn(text);

  it('has a part for each of the seven, and for the network', () => {
    const parts = [...text.matchAll(/^### (.*)$/gm)].map(([, title]) => title);
    expect(parts).toHaveLength(8);
    expect(citations.length).toBeGreaterThan(20);
  });

  it.each(citations.map((citation) => [citation.file, citation] as const))('cites %s, which says so', (_, citation) => {
    expect(missingFrom(citation)).toEqual([]);
  });

  it('shows each line by a test, or says that it is so by design', () => {
    const rows = text.split('### ').slice(1).join('').split('\n');
    const claims = rows.filter((row) => row.startsWith('| ') && !/^\| (they|it) could\s+\||^\| ---/.test(row));
    expect(claims.length).toBeGreaterThan(20);
    expect(claims.filter((row) => !/\.test\.ts`|\| (by design|no credentials)\s*\|$/.test(row))).toEqual([]);
  });

  it('leaves no cell of a table empty', () => {
    expect(linesWithEmptyCells(text)).toEqual([]);
  });
});

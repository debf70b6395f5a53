import { citationsIn, linesWithEmptyCells, missingFrom, readPage } from './citations';

describe('docs/guarantees.md', () => {
  const text = readPage('docs/guarantees.md');
  const citations = citationsIn(text);

  it('names tests', () => {
    expect(citations.length).toBeGreaterThan(30);
  });

  it.each(citations.map((citation) => [citation.file, citation] as const))('cites %s, which says so', (_, citation) => {
    expect(missingFrom(citation)).toEqual([]);
  });

  it('leaves no cell of a table empty', () => {
    expect(linesWithEmptyCells(text)).toEqual([]);
  });
});

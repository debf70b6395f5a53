import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../..');

export interface Citation {
  readonly file: string;
  readonly titles: readonly string[];
}

export function readPage(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** `path/of.test.ts` followed by one or more "titles". */
export function citationsIn(markdown: string): Citation[] {
  return [...markdown.matchAll(/`([\w./-]+\.test\.ts)`((?:,? "[^"]+")*)/g)].map(([, file = '', titles = '']) => ({
    file,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }));
}

/** The titles that the file does not hold; all of them, and its name, when there is no such file. */
export function missingFrom({ file, titles }: Citation): string[] {
  const path = join(root, 'test', file);
  if (!existsSync(path)) return [file, ...titles];
  const source = readFileSync(path, 'utf8');
  return titles.filter((title) => !source.includes(title));
}

/** Lines of tables that have a cell without text, but for the first one of a header. */
export function linesWithEmptyCells(markdown: string): string[] {
  return markdown.split('\n').filter((line) => {
    if (!line.startsWith('|')) return false;
    const cells = line.split('|').slice(1, -1);
    return cells.some((cell, i) => cell.trim() === '' && !(i === 0 && cells.length === 2));
  });
}

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Codes of requirements, and sections and documents that are not in the repository: no reader can look them up. */
const unresolvable = [
  /\b[A-Z]{2,5}-\d+\b/g,
  /\b(?:architecture|requirements?|design) section\b|\bsections? \d/gi,
  /\bhard[-]problems\b|\bsource documents?\b|\b(?:in|by|of) the requirements\b|§ ?\d/gi,
];
/** What looks like a code and is the name of a standard. */
const standards = /^(?:UTF|SHA|ISO|RFC|TLS|AES|RSA)-\d+$/;

/** Released migrations are never edited, a history is what Temporal wrote, and this file holds the patterns. */
const left = ['migrations/united/0001_outbox.sql', 'test/replay/histories', 'test/unit/docs/references.test.ts'];

const outside = ['node_modules', 'dist', 'coverage', '.git'];

function textsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (outside.includes(entry.name) || left.includes(path)) return [];
    if (entry.isDirectory()) return textsBelow(path);
    return /\.(?:ts|sql|md|ya?ml|cjs|mjs|py|go|lua)$/.test(entry.name) ? [path] : [];
  });
}

const findings = (text: string) =>
  unresolvable
    .flatMap((pattern) => [...text.matchAll(pattern)].map(([found]) => found))
    .filter((found) => !standards.test(found));

it('finds a code, a section and a document that are not here, and no standard', () => {
  expect(findings('as AMB-37 says in UTF-8')).toEqual(['AMB-37']);
  expect(findings('see architecture section three, or section 3')).toEqual(['architecture section', 'section 3']);
  expect(findings('hard-problems, § 2')).toEqual(['hard-problems', '§ 2']);
});

it('no file cites what is not in the repository', () => {
  const paths = textsBelow('.');
  expect(paths.length).toBeGreaterThan(700);
  const found = paths.flatMap((path) => findings(readFileSync(path, 'utf8')).map((what) => `${path}: ${what}`));
  expect(found).toEqual([]);
});

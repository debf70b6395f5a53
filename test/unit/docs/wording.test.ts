import { readFileSync, readdirSync } from 'node:fs';

/** Words that have several meanings, or that people who learned English later do not know; and what to write instead. */
const avoided: Readonly<Record<string, string>> = {
  'told|tells?|telling': 'reports, says, shows',
  answers: 'returns, replies',
  'somebody|nobody': 'a person, another program; no process, no one',
  whoever: 'the one who',
  anew: 'again',
  'mend|mends|mended|mending': 'repair, fix',
  'for ever': 'without limit',
  'hence|thereof': 'that is why; of it',
};
/** A table of a run: its rows are names of tests and texts of deliberate breaks. */
const cited = ['fault-matrix.md'];

const pages = [
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') && !cited.includes(name) ? [`docs/${name}`] : [])),
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md'],
];

/** Code, and titles of tests in quotes, are cited as they are. */
const prose = (text: string) =>
  text.replace(/```[\s\S]*?```|`[^`\n]*`|"[^"\n]*"|“[^”\n]*”/g, (quoted) => quoted.replace(/[^\n]/g, ' '));
/** What has not been released yet. */
const unreleased = () =>
  readFileSync('CHANGELOG.md', 'utf8')
    .split(/^## /m)
    .find((part) => /^\[?Unreleased/i.test(part)) ?? '';

const texts = [
  ...pages.map((page) => [page, readFileSync(page, 'utf8')] as const),
  ['CHANGELOG.md', unreleased()] as const,
];

it.each(texts)('%s is written in plain words', (_, text) => {
  const lines = prose(text).split('\n');
  const found = Object.entries(avoided).flatMap(([words, instead]) =>
    lines.flatMap((line) => {
      const match = new RegExp(`\\b(?:${words})\\b`, 'i').exec(line);
      return match === null
        ? []
        : [`“${line.slice(Math.max(0, match.index - 40), match.index + 40).trim()}”: ${match[0]} → ${instead}`];
    }),
  );
  expect(found).toEqual([]);
});

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Words that have several meanings, or that people who learned English later do not know; and what to write instead. */
const avoided: Readonly<Record<string, string>> = {
  'told|tells?|telling': 'reports, says, shows',
  answers: 'returns, replies',
  'somebody|nobody|everybody': 'a person, another program; no process, no one, everyone',
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

/** Each place with a word to avoid, and what to write instead. */
function avoidedIn(text: string): string[] {
  const lines = text.split('\n');
  return Object.entries(avoided).flatMap(([words, instead]) =>
    lines.flatMap((line) => {
      const match = new RegExp(`\\b(?:${words})\\b`, 'i').exec(line);
      return match === null
        ? []
        : [`“${line.slice(Math.max(0, match.index - 40), match.index + 40).trim()}”: ${match[0]} → ${instead}`];
    }),
  );
}

it.each(texts)('%s is written in plain words', (_, text) => {
  expect(avoidedIn(prose(text))).toEqual([]);
});

it('CONTRIBUTING.md names every word that is to be avoided', () => {
  const guide = readFileSync('CONTRIBUTING.md', 'utf8');
  const words = Object.keys(avoided).flatMap((pattern) => pattern.replace('tells?', 'tell|tells').split('|'));
  expect(words.filter((word) => !guide.includes(`\`${word}\``))).toEqual([]);
});

/** Sources: names, comments and messages. Released migrations are never edited. */
const rooms = [
  ...[
    'activities',
    'client',
    'contracts',
    'feeds',
    'ops',
    'outbox',
    'outbox-bridge',
    'runtime',
    'workers',
    'workflows',
  ],
  ...['dev', 'examples', 'proof', 'test/integration', 'test/packages', 'test/plans', 'test/simulation', 'test/support'],
  ...['test/unit', 'test/upgrade'],
];
const sources = rooms.flatMap((room) =>
  existsSync(room)
    ? readdirSync(room, { recursive: true, encoding: 'utf8' })
        .map((name) => join(room, name))
        .filter(
          (path) => path.endsWith('.ts') && !path.includes('node_modules') && path !== 'test/unit/docs/wording.test.ts',
        )
    : [],
);
/** What an actor without a name is called, a fault point that tests know, and the system's login for programs without rights. */
const kept = /\bSomebody\b|notify\.page-told|['`]nobody['`]/g;

it('finds a word in a name and in a comment', () => {
  expect(avoidedIn('const nobody = 1; // told anew')).toHaveLength(3);
});

it('sources, of tests too, are written in plain words', () => {
  expect(sources.length).toBeGreaterThan(600);
  const found = sources.flatMap((path) =>
    avoidedIn(readFileSync(path, 'utf8').replace(kept, '')).map((what) => `${path} ${what}`),
  );
  expect(found).toEqual([]);
});

/** First strings of describe, it and test, also behind `.each(…)`. */
const titlesIn = (source: string) =>
  [...source.matchAll(/(?:\b(?:it|test|describe)(?:\.\w+)?|^\s*\]?\))\(\s*(['`])(.*?)\1,/gm)].map(
    ([, , title = '']) => title,
  );

it('titles of tests are written in plain words', () => {
  const paths = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  const titles = paths.flatMap((path) =>
    titlesIn(readFileSync(join('test', path), 'utf8')).map((title) => [path, title]),
  );
  expect(titles.length).toBeGreaterThan(1_000);
  const found = titles.flatMap(([path, title = '']) =>
    avoidedIn(title.replaceAll('Somebody', '')).map((what) => `${path}: ${what}`),
  );
  expect(found).toEqual([]);
});

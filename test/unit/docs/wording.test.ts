import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { filesOfRepository, root } from './repository-files';

/** Words that have several meanings, or that people who learned English later do not know; and what to write instead. */
const avoided: Readonly<Record<string, string>> = {
  'told|tells?|telling': 'reports, says, shows',
  answers: 'returns, replies',
  'somebody|nobody|everybody|anybody': 'a person, another program; no process, no one, everyone, any process',
  whoever: 'the one who',
  anew: 'again',
  'mend|mends|mended|mending': 'repair, fix',
  'for ever|forever': 'without limit',
  'hence|thereof|thereby|thus': 'that is why; of it; by that; so',
  'upon|besides': 'on; also, in addition',
  'befall|befalls|heed|heeded|doomed': 'happen to; obey; what is to end',
  'shall|ought|lest|seldom': 'must, should, so that … not, rarely',
};

/** Every file of the repository is looked at, but for these. */
const leftOut: readonly (readonly [path: RegExp, reason: string])[] = [
  [/(^|\/)(node_modules|dist|coverage|\.git)$/, 'not in the repository'],
  [/(^|\/)(LICENSE|package-lock\.json|go\.sum)$|\.png$|^\.env|\.log$/, 'not our words'],
  [/^migrations\/united\//, 'released, and never edited again'],
  [/^docs\/schema\.sql$/, 'dumped from those migrations'],
  [/^test\/replay\/histories$/, 'recorded by earlier releases'],
  [/^test\/unit\/docs\/wording\.test\.ts$/, 'the list itself'],
];
/** Not English, or part of what the product sends. */
const kept: readonly (readonly [text: RegExp, reason: string])[] = [
  [/['"`^/]Somebody\b|\ba name Somebody\b|\bis `Somebody`/g, 'how an e-mail calls an actor who has no name'],
  [/['`]nobody['`]/g, 'the login of systems for programs without rights'],
];

const isLeftOut = (path: string): boolean =>
  leftOut.some(([pattern]) => path.split('/').some((_, i, parts) => pattern.test(parts.slice(0, i + 1).join('/'))));

const files = filesOfRepository().filter((path) => !isLeftOut(path));

/** Code in documents is cited as it is; where it comes from, it is looked at. */
const withoutCode = (text: string) =>
  text.replace(/```[\s\S]*?```|`[^`\n]*`/g, (quoted) => quoted.replace(/[^\n]/g, ' '));

function textOf(path: string): string {
  const text = readFileSync(join(root, path), 'utf8');
  return kept.reduce((rest, [pattern]) => rest.replace(pattern, ''), path.endsWith('.md') ? withoutCode(text) : text);
}

/** Each place with a word to avoid, also inside a name, and what to write instead. */
function avoidedIn(text: string): string[] {
  const lines = text.replace(/([a-z0-9])([A-Z])/g, '$1 $2').split('\n');
  return Object.entries(avoided).flatMap(([words, instead]) =>
    lines.flatMap((line, i) => {
      const match = new RegExp(`(?<![a-z])(?:${words})(?![a-z])`, 'i').exec(line);
      if (match === null) return [];
      return [
        `${i + 1}: “${line.slice(Math.max(0, match.index - 40), match.index + 40).trim()}”: ${match[0]} → ${instead}`,
      ];
    }),
  );
}

it('finds a word in a name and in a comment', () => {
  expect(avoidedIn('const tellNobody = 1; // told anew')).toHaveLength(3);
});

it('every file of the repository is written in plain words', () => {
  expect(files.length).toBeGreaterThan(1_000);
  expect(files.flatMap((path) => avoidedIn(textOf(path)).map((what) => `${path}:${what}`))).toEqual([]);
});

it('looks into each folder of the tests', () => {
  const folders = readdirSync(join(root, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const unseen = folders.filter(({ name }) => !files.some((file) => file.startsWith(`test/${name}/`)));
  expect(unseen.map(({ name }) => name)).toEqual([]);
});

/**
 * Words that once had several meanings (docs/glossary.md), and the only places where they may stand: there they have their one
 * meaning. What is said about names that others rely on, a column and the reason of a metric, stands in the glossary.
 */
const oneMeaning: readonly (readonly [word: RegExp, meaning: string, where: RegExp])[] = [
  [
    /\blanes?\b/i,
    'the rows of one priority',
    /^(outbox|outbox-bridge|ops|docs|dev\/bench\/claim|activities\/audit|test\/(outages|plans|simulation|unit\/(outbox-bridge|docs)|integration\/(outbox-bridge|runtime)))\/|^(architecture|CHANGELOG)\.md$|migrations\/outbox\//,
  ],
  [
    /\bledgers?\b/i,
    'a table that says that an effect was done',
    /^(?!(dev|proof\/(traffic|observe)|test\/chaos\/(traffic|report|schedule|world)|test\/outages)\/)/,
  ],
  [/\bbooks?\b/i, 'what the writers of a run write down', /^(dev\/demo|proof|test\/(chaos|unit))\/|\.md$/],
  [
    /\bpublished\b(?! (?:At|Us)\b)/i,
    'inserted into the outbox, or a post that can be seen; a row is started',
    /^(?!(outbox-bridge|ops(?!\/why\/)|outbox\/(?!emit\.sql)|dev\/bench|proof\/checks\/rows|test\/simulation)\/?)/,
  ],
  [/\bruns of (rows|one aggregate)|\b(a|the) run of rows\b/i, 'Temporal’s; rows have a series', /^$/],
];

it.each(oneMeaning)('%s means: %s', (word, _, where) => {
  const astray = files
    .filter((path) => !where.test(path))
    .flatMap((path) =>
      textOf(path)
        .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
        .split('\n')
        .flatMap((line, i) => (word.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])),
    );
  expect(astray).toEqual([]);
});

it('CONTRIBUTING.md names every word that is to be avoided', () => {
  const guide = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const words = Object.keys(avoided).flatMap((pattern) => pattern.replace('tells?', 'tell|tells').split('|'));
  expect(words.filter((word) => !guide.includes(`\`${word}\``))).toEqual([]);
});

import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Every page of this repository: those in the root, below docs/, and what examples and packages bring. */
const pages = readdirSync('.', { withFileTypes: true })
  .flatMap((entry) => {
    if (entry.isFile()) return entry.name.endsWith('.md') ? [entry.name] : [];
    if (!['docs', 'examples', 'client', 'contracts', '.github'].includes(entry.name)) return [];
    return readdirSync(entry.name, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => join(entry.name, name));
  })
  .sort();

/** Code is no link, however much it looks like one. */
const withoutCode = (markdown: string) => markdown.replace(/```[\s\S]*?```|`[^`\n]*`/g, '');

const linksIn = (markdown: string) =>
  [...withoutCode(markdown).matchAll(/\]\(<?([^)\s>]+)>?\)/g)].flatMap(([, target]) =>
    target === undefined || /^[a-z]+:/.test(target) ? [] : [target],
  );

/** Anchors as GitHub makes them of headings: lower case, spaces to hyphens, punctuation dropped. */
const anchorsIn = (markdown: string) =>
  [...markdown.replace(/```[\s\S]*?```/g, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );

const scripts = Object.keys(
  (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }).scripts,
);

it('looks at the pages of every folder', () => {
  expect(pages).toEqual(
    expect.arrayContaining(['README.md', 'client/README.md', 'docs/runbook.md', 'docs/decisions/0001-layout.md']),
  );
});

it.each(pages)('%s links to what is there', (page) => {
  const broken = linksIn(readFileSync(page, 'utf8')).filter((link) => {
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(file)) return true;
    return anchor !== undefined && !anchorsIn(readFileSync(file, 'utf8')).includes(anchor);
  });
  expect(broken).toEqual([]);
});

it.each([...pages, '.github/workflows/ci.yml', '.ci/run'])('%s names scripts that package.json has', (page) => {
  const named = [...readFileSync(page, 'utf8').matchAll(/npm run (?:-s |--silent )?([a-z][\w:-]*)/g)].map(
    ([, script]) => script,
  );
  expect(named.filter((script) => script !== undefined && !scripts.includes(script))).toEqual([]);
});

/** A path in code marks, of a folder of the repository: `activities/emit`, `outbox/states.sql.ts`. Not a pattern, nor a name that the reader fills in. */
const pathsIn = (markdown: string) =>
  [...markdown.replace(/```[\s\S]*?```/g, '').matchAll(/`([a-z][\w-]*(?:\/[\w.-]+)+)`/g)].map(([, path = '']) => path);
const rooms = new Set(
  readdirSync('.', { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])),
);

it.each(pages.filter((page) => page !== 'CHANGELOG.md' && !page.startsWith('docs/decisions')))(
  '%s names files and folders that are there',
  (page) => {
    const text = readFileSync(page, 'utf8');
    // Tests are cited from below test/, which guarantees.test.ts looks at; a file that the page writes is new.
    const named = pathsIn(text).filter((path) => rooms.has(path.split('/')[0] ?? '') && !path.endsWith('.test.ts'));
    expect(named.filter((path) => !existsSync(path) && !text.includes(`\`\`\`ts ${path}\n`))).toEqual([]);
  },
);

import { readFileSync } from 'node:fs';
import { type Drill, drills } from '../../../dev/drills/drills';
import { headingsOf } from '../../support/headings';

const all: [string, Drill][] = Object.entries(drills);
const runbook = readFileSync('docs/runbook.md', 'utf8');

describe.each(all)('the drill %s', (name, { section, test, title }) => {
  const source = readFileSync(test, 'utf8');

  it('does the steps of a section of the runbook, which names it', () => {
    expect(headingsOf('docs/runbook.md')).toContain(section);
    const text = runbook.split(/^## /m).find((part) => anchorOf(part.split('\n')[0]!) === section);
    expect(text).toContain(`npm run drill -- ${name}`);
  });

  it('shows its steps as they happen', () => {
    const shown = [...source.matchAll(/^\s*step\(\s*'([^']+)'/gm)].map(([, text]) => text!);
    expect(shown.length).toBeGreaterThanOrEqual(5);
    expect(source).toContain(`it('${title ?? ''}`);
  });
});

it('operators find them all', () => {
  const named = [...readFileSync('docs/for-operators.md', 'utf8').matchAll(/npm run drill -- ([a-z-]+)/g)];
  expect(named.map(([, name]) => name)).toEqual(expect.arrayContaining(['list', ...Object.keys(drills)]));
});

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

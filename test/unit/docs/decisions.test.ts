import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = 'docs/decisions';
const decisions = readdirSync(folder).filter((name) => /^\d{4}-.*\.md$/.test(name));
const index = readFileSync(join(folder, 'README.md'), 'utf8');

it.each(decisions)('%s begins with its number and says what its status is', (name) => {
  const [title = '', blank, status = ''] = readFileSync(join(folder, name), 'utf8').split('\n');
  expect(title).toMatch(new RegExp(`^# ${Number(name.slice(0, 4))}\\. `));
  expect(blank).toBe('');
  expect(status).toMatch(/^_Status: (proposed|accepted|superseded), \d{4}-\d{2}-\d{2}\b/);
});

it.each(decisions)('%s is in the index', (name) => {
  expect(index).toContain(`(${name})`);
});

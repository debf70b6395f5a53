import { execFileSync } from 'node:child_process';
import { evaluated, exportLines } from '../../../../dev/stack/export-lines';

it('gives a shell each value as it is', () => {
  const variables = { A: 'postgres://u:p@h/db?x=1&y=2', B: `it's "$HOME" \`id\` \\ !`, C: '' };
  const script = `${exportLines(variables)}\nprintf '%s\\n' "$A" "$B" "$C"`;
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`${Object.values(variables).join('\n')}\n`);
});

it('names the stack in the command that a shell evaluates, unless it is the usual one', () => {
  expect(evaluated('dev')).toBe('eval "$(npm run -s stack -- env)"');
  expect(evaluated('other')).toBe('eval "$(npm run -s stack -- env --name other)"');
});

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const slow = jest.requireActual<readonly string[]>('../slow.cjs');
const fire = jest.requireActual<readonly string[]>('../fire.cjs');
const Sequencer =
  jest.requireActual<new (options: object) => { sort(tests: readonly object[]): { path: string }[] }>(
    '../support/sequencer.cjs',
  );

const inTest = (path: string): string => resolve(__dirname, '..', path);

it.each([...slow, ...fire])('%s, which a list names, is there', (path) => {
  expect(existsSync(inTest(path))).toBe(true);
});

it('begins with what takes longest, and ends with what looks at all other tests', () => {
  const [longest = '', second = ''] = slow;
  const context = { config: {}, hasteFS: { getSize: () => 1 } };
  const paths = ['plans/statements.test.ts', 'unit/environment.test.ts', second, longest].map(inTest);
  const sequencer = new Sequencer({ contexts: [], globalConfig: {} });
  const sorted = sequencer.sort(paths.map((path) => ({ path, context })));
  expect(sorted.map(({ path }) => path)).toEqual(
    [longest, second, 'unit/environment.test.ts', 'plans/statements.test.ts'].map(inTest),
  );
});

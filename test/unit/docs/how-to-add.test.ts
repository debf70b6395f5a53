import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { checkOfTheWalks } from './how-to-add-check';

const page = readFileSync('docs/how-to-add.md', 'utf8');
const rooms = ['contracts', 'runtime', 'feeds', 'outbox', 'activities', 'workflows', 'workers', 'migrations'];
let copy: string;

/** What the section writes into which file: `` ```ts path `` is a new file, `` ```diff path `` a change. */
function blocksOf(title: string): { readonly kind: string; readonly path: string; readonly text: string }[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(title)) ?? '';
  return [...section.matchAll(/^```(ts|diff) (\S+)\n([\s\S]*?)\n```$/gm)].map(
    ([, kind = '', path = '', text = '']) => ({
      kind,
      path,
      text,
    }),
  );
}

const event = blocksOf('An event type with an effect of its own');
const channel = blocksOf('A notification channel');
const filesOf = (blocks: typeof event) => new Set(blocks.map(({ path }) => path));

function apply({ kind, path, text }: (typeof event)[number]): void {
  const file = join(copy, path);
  mkdirSync(dirname(file), { recursive: true });
  if (kind === 'ts') return writeFileSync(file, `${text}\n`, { flag: 'wx' });
  const lines = text.split('\n');
  const side = (sign: string) =>
    lines
      .filter((line) => line[0] !== sign)
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  const before = readFileSync(file, 'utf8');
  // Exactly once, so that the page shows the place beyond doubt.
  expect([path, before.split(side('+')).length - 1]).toEqual([path, 1]);
  writeFileSync(
    file,
    before.replace(side('+'), () => side('-')),
  );
}

const run = async (...args: string[]): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: copy });
    return stdout;
  } catch (thrown) {
    const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}`;
  }
};

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'nova-how-to-add-'));
  for (const room of rooms)
    cpSync(room, join(copy, room), { recursive: true, filter: (from) => !/node_modules|dist$/.test(from) });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  const { compilerOptions } = JSON.parse(readFileSync('tsconfig.json', 'utf8')) as { compilerOptions: object };
  const options = { ...compilerOptions, incremental: false, tsBuildInfoFile: undefined };
  writeFileSync(join(copy, 'package.json'), '{"type":"commonjs"}');
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['**/*.ts'] }));
  for (const block of [...event, ...channel]) apply(block);
  writeFileSync(join(copy, 'check.ts'), checkOfTheWalks);
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

it('an event type with an effect of its own touches at most 8 files, a channel at most 5', () => {
  expect(filesOf(event).size).toBeGreaterThan(0);
  expect(filesOf(event).size).toBeLessThanOrEqual(8);
  expect(filesOf(channel).size).toBeGreaterThan(0);
  expect(filesOf(channel).size).toBeLessThanOrEqual(5);
  expect(page).toContain(`(#an-event-type-with-an-effect-of-its-own): ${filesOf(event).size} files`);
  expect(page).toContain(`(#a-notification-channel): ${filesOf(channel).size} files`);
});

it('the product with both added compiles', async () => {
  expect(await run('node_modules/typescript/bin/tsc', '--noEmit')).toBe('');
});

it('the new event is accepted, has its workflow and queue, and its activity, which workers have, and the new channel work', async () => {
  expect(await run('--import', 'tsx', 'check.ts')).toBe('all of it works\n');
});

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesOfRepository, root } from './repository-files';

/** What is never edited, and this file. What the comments of the catalogue say in the end is in docs/schema.sql. */
const leftOut = /^migrations\/(united|both|outbox|state)\/|^test\/unit\/docs\/command-line\.test\.ts$/;
const files = filesOfRepository().filter(
  (path) => /\.(ts|cjs|mjs|md|ya?ml|sh|sql)$|(^|\/)(Dockerfile|run)$/.test(path) && !leftOut.test(path),
);
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const commands = filesOfRepository()
  .filter((path) => path.startsWith('ops/'))
  .flatMap((path) => [...read(path).matchAll(/program\s*\.command\('([a-z-]+)/g)].flatMap(([, name]) => name ?? []));
const anyCommand = `(?:${commands.join('|')})`;

const linesWith = (wanted: RegExp, paths: readonly string[] = files): string[] =>
  paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, i) => (wanted.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );

it('finds the commands that there are', () => {
  expect(commands).toEqual(expect.arrayContaining(['status', 'show', 'dead-letters', 'audit', 'rebuild-feeds']));
});

it('no text calls the command line by its old name', () => {
  expect(linesWith(/npm run (-s |--silent )?ops\b/)).toEqual([]);
  expect(linesWith(new RegExp(`(?<![\\w/.-])ops (-- )?${anyCommand}\\b`))).toEqual([]);
});

/** In a comment or the title of a test `nova status` is a name; everywhere else a reader may paste it. */
it('what a reader can paste begins with npx', () => {
  const isName = /^[^:]+:\d+: (\/?\*|\/\/|#|describe|it\(|it\.|\s*command: \[)/;
  const bare = linesWith(new RegExp(`(?<!npx )(?<![\\w/.-])nova ${anyCommand}\\b`));
  expect(bare.filter((line) => !isName.test(line))).toEqual([]);
});

it('names only commands that there are', () => {
  const named = files.flatMap((path) => [...read(path).matchAll(/npx nova ([a-z][a-z-]+)/g)].map(([, name]) => name));
  expect(named.length).toBeGreaterThan(200);
  expect([...new Set(named)].filter((name) => !commands.includes(name ?? ''))).toEqual([]);
});

const run = (file: string, args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
const nova = (...args: string[]) => run(join(root, 'bin/nova.cjs'), args);

describe('bin/nova.cjs', () => {
  it('is what npx runs, and says its commands and exit codes', async () => {
    expect(JSON.parse(read('package.json'))).toMatchObject({ bin: { nova: 'bin/nova.cjs' } });
    const { code, stdout } = await nova('--help');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: nova /) as string });
    expect(stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
    for (const command of commands) expect(stdout).toContain(`\n  ${command} `);
  });

  it('ends with 2 at a command or an option that there is not', async () => {
    const [command, option] = await Promise.all([nova('statsu'), nova('deliveries', 'list', '--evnt', 'x')]);
    expect(command).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean status?') as string });
    expect(option).toMatchObject({ code: 2, stderr: expect.stringContaining('--evnt') as string });
  });

  it('runs what was built where there are no sources, by the link of the image too', async () => {
    const image = mkdtempSync(join(tmpdir(), 'nova-image-'));
    mkdirSync(join(image, 'bin'));
    mkdirSync(join(image, 'dist/ops'), { recursive: true });
    cpSync(join(root, 'bin/nova.cjs'), join(image, 'bin/nova.cjs'));
    writeFileSync(join(image, 'dist/ops/cli.js'), 'console.log("built", process.argv[2])');
    symlinkSync(join(image, 'bin/nova.cjs'), join(image, 'nova'));
    expect(await run(join(image, 'nova'), ['status'])).toMatchObject({ code: 0, stdout: 'built status\n' });
    expect(read('Dockerfile')).toMatch(/\/app\/bin \.\/bin\n[^]*ln -s \/app\/bin\/nova\.cjs \/usr\/local\/bin\/nova$/m);
    rmSync(image, { recursive: true });
  });
});

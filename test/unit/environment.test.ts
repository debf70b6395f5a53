import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isGone } from '../support/is-gone';
import { waitFor } from '../support/wait-for';

const { workerGracefulExitTimeout } = jest.requireActual<{ workerGracefulExitTimeout: number }>(
  '../../jest.config.cjs',
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-environment-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs tests with the project's environment, each in a worker of its own. */
function runJest(tests: Readonly<Record<string, string>>, globals: object = {}): ChildProcess & { text: () => string } {
  const testEnvironment = resolve('test/support/environment.cjs');
  const places = { rootDir: folder, cacheDirectory: join(folder, 'cache'), testEnvironment };
  const config = { ...places, transform: {}, globals, workerGracefulExitTimeout };
  for (const [name, text] of Object.entries(tests)) writeFileSync(join(folder, `${name}.test.js`), text);
  const args = [resolve('node_modules/jest/bin/jest.js'), `--config=${JSON.stringify(config)}`, '--maxWorkers=2'];
  const child = spawn(process.execPath, args, { cwd: folder });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  return Object.assign(child, { text: () => text });
}
const clean = `it('does nothing', () => undefined);`;

it('a worker of jest ends by itself, and waits for what is about to close', async () => {
  const closing = `it('leaves a timer that ends', () => void setTimeout(() => undefined, 700));`;
  const run = runJest({ clean, closing });
  const [code] = (await once(run, 'close')) as [number];
  expect(run.text()).toMatch(/Tests: +2 passed/);
  expect(run.text()).not.toMatch(/left open|failed to exit gracefully/);
  expect(code).toBe(0);
});

it('a file that leaves something open fails by its name, next to what else failed in it', async () => {
  const timer = `it('leaves a timer', () => void setInterval(() => undefined, 1_000));`;
  const server = `it('leaves a server', (done) => {
    require('node:net').createServer().listen(0, '127.0.0.1', () => done(new Error('and is red')));
  });`;
  const run = runJest({ timer, server }, { leftOpenAfterMs: 100 });
  const [code] = (await once(run, 'close')) as [number];
  expect(run.text()).toMatch(/FAIL .*timer\.test\.js[^]*left open by this file: timers: 1 /);
  expect(run.text()).toMatch(/and is red[^]*left open by this file: Server on \{"address":"127\.0\.0\.1"/);
  expect(run.text()).toMatch(/Test Suites: 2 failed, 2 total\nTests: +1 failed, 1 passed/);
  expect(run.text()).not.toMatch(/failed to exit gracefully/);
  expect(code).toBe(1);
});

it('a worker of jest ends when jest is killed, in the middle of a test', async () => {
  const waits = `it('never ends', () => {
    require('node:fs').writeFileSync(${JSON.stringify(folder)} + '/' + process.pid + '.worker', '');
    return new Promise(() => setInterval(() => undefined, 1_000));
  }, 600_000);`;
  const run = runJest({ one: waits, other: waits });
  const workers = () =>
    readdirSync(folder)
      .flatMap((name) => /^(\d+)\.worker$/.exec(name)?.[1] ?? [])
      .map(Number);
  await waitFor(() => workers().length === 2);
  run.kill('SIGKILL');
  try {
    await waitFor(() => workers().every(isGone));
  } finally {
    for (const pid of workers()) if (!isGone(pid)) process.kill(pid);
  }
});

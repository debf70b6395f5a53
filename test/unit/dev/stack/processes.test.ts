import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fromBirthNote,
  identityOf,
  isAlive,
  parseStat,
  spawnDaemon,
  stopProcess,
  type ProcessRef,
} from '../../../../dev/stack/processes';
import { until } from '../../../../dev/stack/until';

let folder: string;
const started: ProcessRef[] = [];

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nova-processes-'))));
afterEach(async () => {
  await Promise.all(started.splice(0).map((process) => stopProcess(process, 'SIGKILL', 1_000)));
  rmSync(folder, { recursive: true });
});

const logFile = () => join(folder, 'logs', 'x.log');
const birthNote = () => join(folder, 'run', 'x.pid');
function daemon(file: string, ...args: string[]): ProcessRef {
  const ref = spawnDaemon({ file, args, cwd: folder, env: { PATH: process.env.PATH ?? '' } }, logFile(), birthNote());
  started.push(ref);
  return ref;
}

describe('parseStat', () => {
  const stat = (comm: string, state: string) => `42 (${comm}) ${state} 1 ${'0 '.repeat(17)}98765 0 0`;

  it('finds state and start time behind a command with spaces and brackets', () => {
    expect(parseStat(stat('a) S 1 (b', 'Z'))).toEqual({ state: 'Z', startTime: '98765' });
  });

  it('finds no start time in half a line', () => {
    expect(parseStat('42 (sleep) S 1').startTime).toBeUndefined();
  });
});

describe('spawnDaemon', () => {
  it('runs the command itself under the pid it returns', async () => {
    const ref = daemon('sleep', '60');
    const commandLine = () => readFileSync(`/proc/${ref.pid}/cmdline`, 'utf8');
    expect(await until(() => commandLine().startsWith('sleep'), { timeoutMs: 60_000, everyMs: 10 })).toBe(true);
    expect(isAlive(ref)).toBe(true);
  });

  it('leaves a note by which the process is found when its starter recorded nothing', async () => {
    const ref = daemon('sleep', '60');
    expect(await until(() => fromBirthNote(birthNote()) !== null, { timeoutMs: 60_000, everyMs: 10 })).toBe(true);
    expect(fromBirthNote(birthNote())).toEqual(ref);
  });

  it('sends what the command says to the log', async () => {
    daemon('sh', '-c', 'echo out; echo err >&2');
    const log = () => readFileSync(logFile(), 'utf8');
    expect(await until(() => log() === 'out\nerr\n', { timeoutMs: 60_000, everyMs: 10 })).toBe(true);
  });
});

describe('stopProcess', () => {
  it('ends a process that obeys', async () => {
    const ref = daemon('sleep', '60');
    await stopProcess(ref, 'SIGTERM', 60_000);
    expect(isAlive(ref)).toBe(false);
  });

  it('kills one that does not', async () => {
    const ref = daemon('sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1; done');
    await until(() => readFileSync(logFile(), 'utf8').includes('ready'), { timeoutMs: 60_000, everyMs: 10 });
    await stopProcess(ref, 'SIGTERM', 100);
    expect(isAlive(ref)).toBe(false);
  });

  it('never touches another process that has the pid now', async () => {
    const ref = daemon('sleep', '60');
    await stopProcess({ pid: ref.pid, identity: 'another boot:1' }, 'SIGKILL', 1_000);
    expect(isAlive(ref)).toBe(true);
  });
});

describe('isAlive', () => {
  it('is false for nothing, for a dead pid and for the wrong start time', () => {
    expect(isAlive(null)).toBe(false);
    expect(isAlive({ pid: 2 ** 30, identity: 'x' })).toBe(false);
    expect(isAlive({ pid: process.pid, identity: `${identityOf(process.pid)}0` })).toBe(false);
  });

  it('is true for ourselves', () => {
    expect(isAlive({ pid: process.pid, identity: identityOf(process.pid) ?? '' })).toBe(true);
  });
});

it('takes a process that has ended but was not yet reaped for none', async () => {
  const pidFile = join(folder, 'child');
  // A parent that never waits: the shell becomes a sleep, and its child stays a zombie.
  const parent = daemon('sh', '-c', `sh -c 'echo $$ > ${pidFile}' & exec sleep 60`);
  const child = () => Number(existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : 0);
  const isZombie = () => child() > 0 && parseStat(readFileSync(`/proc/${child()}/stat`, 'utf8')).state === 'Z';
  expect(await until(isZombie, { timeoutMs: 60_000, everyMs: 10 })).toBe(true);
  expect(identityOf(child())).toBeNull();
  expect(isAlive(parent)).toBe(true);
});

it('makes nothing of a birth note that is missing, torn or of a process long gone', () => {
  expect(fromBirthNote(birthNote())).toBeNull();
  const torn = join(folder, 'torn.pid');
  writeFileSync(torn, '12');
  expect(fromBirthNote(torn)).toBeNull();
  const old = join(folder, 'old.pid');
  writeFileSync(old, `${process.pid}\n${process.pid} (node) S 1 ${'0 '.repeat(17)}1 0\nanother-boot\n`);
  expect(fromBirthNote(old)).toBeNull();
});

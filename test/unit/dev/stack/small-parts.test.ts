import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StackError } from '../../../../dev/stack/errors';
import { aptOptions } from '../../../../dev/stack/fetch/debian-package';
import { restoreSymlinks } from '../../../../dev/stack/fetch/embedded-postgres';
import { pomOf } from '../../../../dev/stack/fetch/kafka-jars';
import { tailArguments } from '../../../../dev/stack/logs';
import { plainReporter, reported, seconds } from '../../../../dev/stack/reporter';
import { runTool, linesOfFailure } from '../../../../dev/stack/run-tool';
import { assertReachable, findUser } from '../../../../dev/stack/servers/unprivileged';
import { withoutPassword } from '../../../../dev/stack/status';

describe('a StackError', () => {
  it('is one sentence of what, where and what to do', () => {
    const error = new StackError({
      code: 'UNHEALTHY',
      what: 'Redis is away',
      where: 'REDIS_URL',
      whatToDo: 'start it',
    });
    expect(error.message).toBe('Redis is away (REDIS_URL): start it.');
  });
});

describe('plainReporter', () => {
  it('writes a line per event with the elapsed seconds', async () => {
    let now = 0;
    let text = '';
    const report = plainReporter({ write: (line) => (text += line) }, () => now);
    now = 1_500;
    await reported(report, 'redis', 'Redis', () => Promise.resolve('Redis 7'));
    const failing = reported(report, 'kafka', 'Kafka', () => Promise.reject(new Error('no Java')));
    await expect(failing).rejects.toThrow('no Java');
    expect(text.replace(/\(\d+ ms\)/g, '(n ms)').split('\n')).toEqual([
      '[   1.5 s] redis    Redis',
      '[   1.5 s] redis    ✔ Redis 7 (n ms)',
      '[   1.5 s] kafka    Kafka',
      '[   1.5 s] kafka    ✖ no Java (n ms)',
      '',
    ]);
  });

  it.each([
    [850, '850 ms'],
    [3_240, '3.2 s'],
    [273_000, '4 min 33 s'],
  ])('shows %i ms as %s', (ms, text) => {
    expect(seconds(ms)).toBe(text);
  });
});

describe('runTool', () => {
  const whatToDo = 'repair it';

  it('returns what the tool printed', async () => {
    expect(await runTool({ file: 'sh', args: ['-c', 'echo a; echo b'], timeoutMs: 60_000, whatToDo })).toBe('a\nb');
  });

  it('fails with what the tool said and what to do', async () => {
    const run = runTool({
      file: 'sh',
      args: ['-c', 'echo "E: no such package" >&2; exit 100'],
      timeoutMs: 60_000,
      whatToDo,
    });
    await expect(run).rejects.toThrow(/ended with code 100 and said: E: no such package .*: repair it\.$/);
  });

  it('ends one that takes too long', async () => {
    const run = runTool({ file: 'sleep', args: ['60'], timeoutMs: 50, whatToDo });
    await expect(run).rejects.toThrow(/took longer than 0\.05 s/);
  });

  it('says that a program is not there', async () => {
    const run = runTool({ file: 'no-such-program', args: [], timeoutMs: 60_000, whatToDo });
    await expect(run).rejects.toThrow(/ENOENT/);
  });

  it('finds the lines that say why, without their colours', () => {
    const lines = ['[INFO] scanning', '\u001b[31m[ERROR] Could not resolve x\u001b[0m', '[ERROR] ', '[INFO] done'];
    expect(linesOfFailure(lines)).toBe('[ERROR] Could not resolve x');
    expect(linesOfFailure(['one', 'two', '', 'three', 'four'])).toBe('two / three / four');
  });
});

it('shows an address without its password', () => {
  expect(withoutPassword('postgres://nova:s3:cret@db:5432/nova')).toBe('postgres://nova:…@db:5432/nova');
  expect(withoutPassword('redis://:secret@cache:6379')).toBe('redis://:…@cache:6379');
  expect(withoutPassword('redis://cache:6379')).toBe('redis://cache:6379');
});

it('finds whom PostgreSQL may run as', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104::/var/lib/postgresql:/bin/sh\n';
  expect(findUser(passwd, 'postgres')).toEqual({ uid: 101, gid: 104 });
  expect(findUser(passwd, 'nobody')).toBeUndefined();
});

it('asks Maven for each artifact', () => {
  const pom = pomOf(['org.apache.kafka:kafka_2.13:4.1.0']);
  expect(pom).toContain(
    '<groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.1.0</version>',
  );
});

it('keeps every folder that apt-get writes below its own', () => {
  const folders = aptOptions('/own').filter((option) => option.startsWith('Dir::'));
  expect(folders).toHaveLength(3);
  expect(folders.every((option) => option.includes('=/own'))).toBe(true);
});

it('follows a log across the next start of its server', () => {
  expect(tailArguments(['a.log'], 5, true)).toEqual(['-n', '5', '-F', 'a.log']);
});

it("restores the symbolic links that npm cannot carry in PostgreSQL's package", () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-links-'));
  mkdirSync(join(folder, 'native', 'lib'), { recursive: true });
  writeFileSync(join(folder, 'native', 'lib', 'libpq.so.5.18'), 'library');
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
  writeFileSync(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links));
  restoreSymlinks(folder);
  restoreSymlinks(folder);
  const link = join(folder, 'native', 'lib', 'libpq.so.5');
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readlinkSync(link)).toBe('libpq.so.5.18');
  expect(readFileSync(link, 'utf8')).toBe('library');
  rmSync(folder, { recursive: true });
});

it('says which folder keeps PostgreSQL from its data', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-reach-')); // closed to others
  const stranger = { uid: 54_321, gid: 54_321 };
  const reach = () => assertReachable(join(folder, 'data'), stranger, 'NOVA_STACK_DIR');
  expect(reach).toThrow(folder);
  expect(reach).toThrow(/set NOVA_STACK_DIR to a folder that others may reach/);
  chmodSync(folder, 0o755);
  expect(reach).not.toThrow();
  rmSync(folder, { recursive: true });
});

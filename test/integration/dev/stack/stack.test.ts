import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { searchAttributes } from '../../../../contracts/search-attributes';
import { environmentOf } from '../../../../dev/stack/addresses';
import { locateTemporal } from '../../../../dev/stack/fetch/temporal-cli';
import { withConnection } from '../../../../dev/stack/health/temporal';
import { checkoutRoot } from '../../../../dev/stack/paths';
import { identityOf } from '../../../../dev/stack/processes';
import { runTool } from '../../../../dev/stack/run-tool';
import type { ServerName } from '../../../../dev/stack/servers/server';
import { down, status, up, type StackState, type StackStatus } from '../../../../dev/stack/stack';
import { until } from '../../../../dev/stack/until';
import { missingSearchAttributes } from '../../../../runtime/search-attributes';
import { waitFor } from '../../../support/wait-for';

/** A second stack beside the one that the tests run on; each step goes on where the one before left it. */
const name = 'itself';
let folder: string;
let env: Record<string, string | undefined>;
let first: StackState;

/** Each server is asked for five seconds only: a busy one is healthy at the next look. */
const healthy = (): Promise<StackStatus> =>
  waitFor(async () => {
    const now = await status(name, env);
    return now.healthy ? now : undefined;
  });
const bringUp = () => up({ name, profile: 'test', env });
const kill = async (now: StackStatus, server: ServerName) => {
  const pid = pidOf(now, server);
  process.kill(pid, 'SIGKILL');
  expect(await until(() => identityOf(pid) === null, { timeoutMs: 90_000, everyMs: 10 })).toBe(true);
};
const pidOf = (now: StackStatus, server: ServerName) => {
  const pid = now.servers.find((each) => each.server === server)?.pid;
  if (pid == null) throw new Error(`${server} has no process`);
  return pid;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-stack-'));
  chmodSync(folder, 0o755); // PostgreSQL runs as another user when we are root
  const given = [
    'DATABASE_URL',
    'REDIS_URL',
    'KAFKA_BROKERS',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_UI_URL',
    'TEMPORAL_NAMESPACE',
  ];
  env = { ...process.env, NOVA_STACK: 'local', NOVA_STACK_DIR: folder };
  for (const variable of given) delete env[variable];
  first = await bringUp();
});

afterAll(async () => {
  await down({ name, wipe: true, env });
  rmSync(folder, { recursive: true });
});

it('starts all four servers, which all answer', async () => {
  expect(first).toMatchObject({ startedHere: true, started: ['postgres', 'redis', 'kafka', 'temporal'] });
  const now = await healthy();
  expect(now.servers.map(({ server, how, health }) => ({ server, how, health }))).toEqual(
    first.started.map((server) => ({
      server,
      how: 'local',
      health: { healthy: true, latencyMs: expect.any(Number) as number, version: expect.any(String) as string },
    })),
  );
  expect(now.env).toEqual(environmentOf(first.addresses));
});

it('starts nothing when everything is up', async () => {
  expect(await bringUp()).toEqual({ ...first, started: [], startedHere: false });
});

it('finds a namespace made by the script of docker-compose.yml, run twice, as its own: retention and attributes', async () => {
  const { temporalAddress } = first.addresses;
  const namespace = 'made-by-the-script';
  const located = await locateTemporal(env);
  if (!('ready' in located)) throw new Error('the stack runs without a Temporal CLI');
  const run = () =>
    runTool({
      file: 'sh',
      args: [join(checkoutRoot, 'dev/stack/docker/temporal-init.sh'), ...Object.keys(searchAttributes)],
      env: {
        PATH: `${dirname(located.ready.path)}:${process.env.PATH}`,
        HOME: folder,
        TEMPORAL_ADDRESS: temporalAddress,
        TEMPORAL_NAMESPACE: namespace,
      },
      timeoutMs: 120_000,
      whatToDo: 'repair the script',
    });
  await run();
  await run();
  await withConnection(temporalAddress, async (connection) => {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    expect(String(config?.workflowExecutionRetentionTtl?.seconds)).toBe(String(7 * 24 * 3600));
    expect(await missingSearchAttributes(connection, namespace)).toEqual([]);
  });
});

it('repairs a killed server at its old address and leaves the others alone', async () => {
  const before = await status(name, env);
  await kill(before, 'postgres');
  expect((await status(name, env)).healthy).toBe(false);
  expect(await bringUp()).toEqual({ ...first, started: ['postgres'], startedHere: true });
  const after = await healthy();
  for (const server of ['redis', 'kafka', 'temporal'] as const)
    expect(pidOf(after, server)).toBe(pidOf(before, server));
});

it('moves a server whose port was taken while it was dead', async () => {
  const before = await status(name, env);
  await kill(before, 'redis');
  const squatter = await listenOn(Number(new URL(first.addresses.redisUrl).port));
  try {
    const after = await bringUp();
    expect(after.started).toEqual(['redis']);
    expect(after.addresses.redisUrl).not.toBe(first.addresses.redisUrl);
  } finally {
    await new Promise((resolve) => squatter.close(resolve));
  }
});

it('lets only one of two racing starts repair it', async () => {
  await kill(await status(name, env), 'redis');
  const both = await Promise.all([bringUp(), bringUp()]);
  expect(both.map(({ started }) => started).sort()).toEqual([[], ['redis']]);
});

it('ends the servers it finds when its record was lost, instead of running them twice', async () => {
  const before = await status(name, env);
  rmSync(join(before.dataDir, 'stack.json'));
  const { started } = await bringUp();
  expect(started).toEqual(['postgres', 'redis', 'kafka', 'temporal']);
  for (const server of started) expect(identityOf(pidOf(before, server))).toBeNull();
});

it('only asks servers whose addresses are given, and leaves them running', async () => {
  const now = await status(name, env);
  const other = { name: 'guest', env: { ...env, ...now.env } };
  expect(await up(other)).toMatchObject({ startedHere: false, addresses: now.addresses });
  await down({ ...other, wipe: true });
  await healthy();
});

it('names the variable of a given server that does not reply, before it starts any other', async () => {
  const attempt = up({ name: 'guest', env: { ...env, REDIS_URL: 'redis://127.0.0.1:1' } });
  await expect(attempt).rejects.toMatchObject({ code: 'GIVEN_UNREACHABLE', where: 'REDIS_URL' });
  expect((await status('guest', env)).servers.map(({ how }) => how)).toEqual(['none', 'none', 'none', 'none']);
});

it('leaves neither process nor file after it was taken down and wiped', async () => {
  const before = await status(name, env);
  await down({ name, wipe: true, env });
  for (const { server } of before.servers) expect(identityOf(pidOf(before, server))).toBeNull();
  expect(existsSync(before.dataDir)).toBe(false);
  expect(commandLinesNaming(before.dataDir)).toEqual([]);
});

it('does nothing when there is nothing to take down', async () => {
  await expect(down({ name, env })).resolves.toBeUndefined();
});

function listenOn(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** Command lines of processes that name the folder, as those of PostgreSQL, Redis and Kafka do. */
function commandLinesNaming(path: string): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    })
    .filter((commandLine) => commandLine.includes(path));
}

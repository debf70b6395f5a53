import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { environmentOf } from '../../../dev/stack/addresses';
import { checkoutRoot } from '../../../dev/stack/paths';
import { freePort } from '../../../dev/stack/ports';
import { endsWithUs } from '../../../proof/run/at-our-end';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { startFaultProxy } from '../../support/fault-proxy';
import { servers } from '../../support/servers';
import { testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
const children: ChildProcess[] = [];

interface Started {
  readonly npm: ChildProcess;
  readonly port: number;
  readonly lines: Record<string, unknown>[];
  /** npm's exit code, when all output has been read: its own process may end before that of the script. */
  readonly exit: Promise<number | null>;
  /** Status of a page; 0 while nothing listens. */
  page(path: string): Promise<number>;
}

/** In a process group of its own, so that nothing is left behind when the test fails. */
async function npmRunBridge(environment: Record<string, string> = {}): Promise<Started> {
  const port = await freePort();
  const npm = spawn('npm', ['run', '--silent', 'bridge'], {
    cwd: checkoutRoot,
    detached: true,
    env: {
      PATH: process.env['PATH'],
      ...environmentOf(servers()),
      DATABASE_URL: database.url,
      TASK_QUEUE_PREFIX: testQueuePrefix(),
      BRIDGE_METRICS_PORT: String(port),
      ...environment,
    },
  });
  children.push(endsWithUs(npm, true));
  const lines: Record<string, unknown>[] = [];
  createInterface(npm.stdout).on('line', (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
  return {
    npm,
    port,
    lines,
    exit: new Promise((resolve) => npm.once('close', resolve)),
    page: (path) =>
      fetch(`http://127.0.0.1:${port}${path}`).then(
        ({ status }) => status,
        () => 0,
      ),
  };
}

beforeAll(async () => void (database = await createTestDatabase()));

afterAll(async () => {
  for (const { pid } of children) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // The whole group has ended.
    }
  }
  await database.drop();
});

/** Lines that say so. */
const ready = ({ lines }: Started) => lines.filter(({ msg }) => /^ready\b/.test(String(msg)));

it('says in one line that it is ready, hears SIGTERM through npm, and stops in order', async () => {
  const bridge = await npmRunBridge();
  await waitFor(async () => (await bridge.page('/readyz')) === 200);
  await waitFor(() => ready(bridge).length > 0);
  // Not as if all was well: no worker is there.
  expect(ready(bridge)).toEqual([
    expect.objectContaining({
      level: 'warn',
      code: 'NO_POLLER',
      msg: expect.stringMatching(
        /^ready, but no worker polls \S+-feed, .* yet: events of these queues wait\. Start the workers .*`npm run workers`/,
      ) as string,
    }),
  ]);
  expect(bridge.lines[0]).toMatchObject({ level: 'info', msg: 'starting' });
  bridge.npm.kill('SIGTERM');
  expect(await bridge.exit).toBe(0);
  expect(bridge.lines.map(({ msg }) => msg)).toContain('stopping: finishing what is in flight');
  expect(bridge.lines.at(-1)).toMatchObject({ msg: 'stopped' });
});

it('is alive and not ready while Temporal is away, and says that it is ready after that alone', async () => {
  const [host, port] = servers().temporalAddress.split(':');
  const temporal = await startFaultProxy({ host: host ?? '', port: Number(port) });
  try {
    temporal.set('reset');
    const bridge = await npmRunBridge({ TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}` });
    await waitFor(async () => (await bridge.page('/readyz')) === 503);
    expect(await bridge.page('/livez')).toBe(200);
    await waitFor(() => bridge.lines.some(({ msg }) => String(msg).startsWith('outage: ')));
    temporal.set('pass');
    await waitFor(() => ready(bridge).length > 0);
    // Each turn of the way back begins with a claim of no rows: to take that for the first claim puts the two in the other order.
    const said = bridge.lines.flatMap(({ msg }) => /^(outage over|outage|ready)\b/.exec(String(msg))?.[0] ?? []);
    expect(said).toEqual(['outage', 'outage over', 'ready']);
    bridge.npm.kill('SIGTERM');
    expect(await bridge.exit).toBe(0);
  } finally {
    await temporal.close();
  }
});

it.each([
  [
    'TEMPORAL_NAMESPACE',
    'nowhere',
    /no namespace "nowhere" \(TEMPORAL_NAMESPACE\) in Temporal at .* \(TEMPORAL_ADDRESS\)/,
  ],
  ['DATABASE_URL', 'postgres://u:secret@127.0.0.1:1/d', /no PostgreSQL at 127\.0\.0\.1:1\/d \(DATABASE_URL\)/],
])('names %s when it leads nowhere, and is not ready', async (variable, value, sentence) => {
  const bridge = await npmRunBridge({ [variable]: value });
  await waitFor(() => bridge.lines.some(({ error, code }) => code !== undefined && sentence.test(String(error))));
  await waitFor(() => bridge.lines.some(({ chore }) => chore !== undefined));
  const failed = bridge.lines.filter(({ chore }) => chore !== undefined).map(({ error }) => error);
  expect(failed).toEqual([...new Set(failed)]);
  expect(ready(bridge)).toEqual([]);
  expect(JSON.stringify(bridge.lines)).not.toContain('secret');
  bridge.npm.kill('SIGTERM');
  expect(await bridge.exit).toBe(0);
});

it('migrate names the variable that leads nowhere, and warns of one that is nearly spelt like a setting', async () => {
  const run = promisify(execFile)('npm', ['run', '--silent', 'migrate'], {
    cwd: checkoutRoot,
    env: {
      PATH: process.env['PATH'],
      ...environmentOf(servers()),
      DATABASE_URL: database.url,
      TEMPORAL_NAMESPACE: 'nowhere',
      KAFKA_TOPIC_PREFX: 'x',
    },
  });
  await expect(run).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^migrate: KAFKA_TOPIC_PREFX is no setting .* mean KAFKA_TOPIC_PREFIX\?\nmigrate: no namespace "nowhere" \(TEMPORAL_NAMESPACE\)/,
    ) as string,
  });
});

it('gives a shell the addresses of the stack', async () => {
  const addresses = environmentOf({ ...servers(), databaseUrl: database.url });
  const script = 'eval "$(npm run -s stack -- env)" && node -p "JSON.stringify(process.env)"';
  const { stdout } = await promisify(execFile)('sh', ['-c', script], {
    cwd: checkoutRoot,
    env: { PATH: process.env['PATH'], ...addresses },
  });
  expect(JSON.parse(stdout)).toMatchObject(addresses);
});

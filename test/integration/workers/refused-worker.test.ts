import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentOf } from '../../../dev/stack/addresses';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { fromSource } from '../../support/from-source';
import { type RefusingFrontend, startRefusingFrontend } from '../../support/refusing-frontend';
import { servers } from '../../support/servers';
import { testQueuePrefix, workflowBundle } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let folder: string;
let proxy: FaultProxy;
let standby: RefusingFrontend;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-workers-'));
  writeFileSync(join(folder, 'workflow-bundle.js'), (await workflowBundle()).code);
  const [host = '', port] = servers().temporalAddress.split(':');
  [proxy, standby] = await Promise.all([
    startFaultProxy({ host, port: Number(port) }),
    startRefusingFrontend(servers().temporalNamespace),
  ]);
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([proxy.close(), standby.close()]);
  rmSync(folder, { recursive: true, force: true });
});

function startWorkers() {
  const child = fork(join(__dirname, '../../support/admitted-workers.ts'), {
    execArgv: [...fromSource],
    env: {
      PATH: process.env['PATH'],
      ...environmentOf(servers()),
      TEMPORAL_ADDRESS: `127.0.0.1:${proxy.port}`,
      TASK_QUEUE_PREFIX: testQueuePrefix(),
      WORKFLOW_BUNDLE: join(folder, 'workflow-bundle.js'),
      WORKER_QUEUES: 'media,kafka',
    },
  });
  children.push(child);
  const said: string[] = [];
  child.on('message', (what: string) => said.push(what));
  child.on('exit', (code) => said.push(`exit ${code}`));
  return { said, goOn: () => child.send('go on'), stop: () => child.kill('SIGKILL') };
}

it.each(['not-active', 'not-found'] as const)(
  'waits for a Temporal that refuses (%s) right after it was found, and then works',
  async (refusal) => {
    proxy.set('pass');
    standby.refuseWith(refusal);
    const workers = startWorkers();
    await waitFor(() => workers.said.includes('admitted'));
    // Between the look at the namespace and the workers' own: a failover.
    proxy.set({ rerouteTo: standby.port });
    workers.goOn();
    await waitFor(() => workers.said.length > 1);
    proxy.set('pass');
    await waitFor(() => /ready|ended|exit/.test(workers.said.at(-1) ?? ''));
    expect(workers.said.slice(1, -1)).toContainEqual(expect.stringMatching(/^TEMPORAL_UNAVAILABLE: /));
    expect(workers.said.at(-1)).toBe('ready');
    workers.stop();
  },
);

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { fromSource } from '../support/from-source';
import { type OwnServer, startOwnServer } from '../support/own-stack';
import { servers } from '../support/servers';

let temporal: OwnServer;
let client: Client;

beforeAll(async () => {
  temporal = await startOwnServer('temporal');
  client = new Client({
    connection: await Connection.connect({ address: temporal.addresses.temporalAddress, connectTimeout: '90s' }),
    namespace: servers().temporalNamespace,
  });
});

afterAll(async () => {
  await client.connection.close();
  await temporal.close();
});

it('the dev server works on after thousands of calls whose callers gave up', async () => {
  const script = join(__dirname, '../support/give-up-calls.ts');
  const options = [temporal.addresses.temporalAddress, client.options.namespace, '4000'];
  const { stdout } = await promisify(execFile)(process.execPath, [...fromSource, script, ...options]);
  expect(Number(stdout)).toBeGreaterThan(1_000);

  const ids = Array.from({ length: 20 }, () => randomUUID());
  for (const workflowId of ids) await client.workflow.start('nothing', { workflowId, taskQueue: 'nothing' });
  for (const workflowId of ids) {
    const handle = client.workflow.getHandle(workflowId);
    expect((await handle.describe()).status.name).toBe('RUNNING');
    await handle.terminate();
  }
});

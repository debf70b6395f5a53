import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentOf } from '../../../dev/stack/addresses';
import { type ReplayReport } from '../../../dev/histories/replay-runs';
import { newId } from '../../support/events';
import { fromSource } from '../../support/from-source';
import { type CommandResult } from '../../support/ops-command';
import { servers } from '../../support/servers';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { waitFor } from '../../support/wait-for';

let workers: Awaited<ReturnType<typeof startStandInWorkers>>;
let folder: string;
beforeAll(async () => {
  workers = await startStandInWorkers();
  folder = mkdtempSync(join(tmpdir(), 'replay-check-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await workers.stop();
});

function check(...args: string[]): Promise<CommandResult> {
  const env = { ...process.env, ...environmentOf(servers()), TASK_QUEUE_PREFIX: workers.prefix };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...fromSource, 'dev/histories/replay-check.ts', ...args],
      { env, maxBuffer: 1e8 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const otherCode = ['--workflows', 'test/support/other-workflows.ts'];

it('replays runs that are done, failed and open, and says which would stand still under other code', async () => {
  const done = await workers.start('followWorkflow');
  await done.result();
  workers.moods.set('emitEvent', 'hopeless');
  const failed = await workers.start('followWorkflow');
  await expect(failed.result()).rejects.toThrow();
  workers.moods.set('emitEvent', 'away');
  const open = await workers.start('notificationWorkflow');
  await waitFor(async () => ((await open.describe()).raw.pendingActivities ?? []).length);
  const all = ['--last', '200'];
  // What was started is listed a moment later.
  await waitFor(async () => {
    const { stdout } = await check(...all, '--json');
    const { fits } = JSON.parse(stdout) as ReplayReport;
    return fits['followWorkflow'] === 2 && fits['notificationWorkflow'] === 1;
  });
  const fits = await check(...all);
  expect(fits).toMatchObject({ code: 0, stderr: '' });
  expect(fits.stdout).toBe('✔ followWorkflow: 2 replayed\n✔ notificationWorkflow: 1 replayed\n');

  const breaks = await check(...all, ...otherCode, '--save', folder);
  expect(breaks.code).toBe(1);
  expect(breaks.stdout).toMatch(/✘ followWorkflow: 2 would stand still, for example .*\n .*reading 'created'/);
  expect(breaks.stdout).toMatch(
    new RegExp(
      `✘ notificationWorkflow: 1 would stand still, for example ${open.workflowId} .*RUNNING.*\\n .*TMPRL1100`,
    ),
  );

  const onlyOpen = await check(...all, '--query', "ExecutionStatus='Running'", ...otherCode, '--json');
  expect(JSON.parse(onlyOpen.stdout)).toEqual({
    fits: {},
    broken: [expect.objectContaining({ workflowId: open.workflowId, status: 'RUNNING' })],
    unread: [],
  });

  // What was saved is a history like any other.
  const files = readdirSync(folder);
  expect(files).toHaveLength(3);
  const saved = files.map((file) => join(folder, file));
  expect((await check(...saved)).code).toBe(0);
  expect((await check(...saved, ...otherCode)).code).toBe(1);
  await open.terminate();
});

it('is not green when it has looked at nothing', async () => {
  expect(await check('--last', '5', '--query', `WorkflowId='${newId()}'`)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no run was replayed') as string,
  });
  const unknown = await check(newId());
  expect(unknown.code).toBe(2);
  expect(unknown.stdout).toContain('was not replayed: Temporal does not know it');
  expect((await check(join(folder, 'absent.json'))).stdout).toContain('ENOENT');
  expect(await check()).toMatchObject({ code: 2, stderr: expect.stringContaining('replay what?') as string });
  expect((await check('--last', 'all')).stderr).toContain('a number from 1 to');
});

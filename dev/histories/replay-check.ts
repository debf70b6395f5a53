import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WorkflowClient } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { Command } from 'commander';
import { configFrom, sharedSettings } from '../../runtime/config';
import { oneLine } from '../../runtime/errors';
import { createLogger } from '../../runtime/logger';
import { connectClient } from '../../runtime/temporal';
import { installRuntime } from '../../workers/install-runtime';
import { makeBundle } from '../../workers/workflow-bundle';
import { type RecordedRun, recordedRuns } from './recorded-runs';
import { replayRuns, reportText } from './replay-runs';

interface Options {
  readonly last: string;
  readonly query: string;
  readonly save?: string;
  readonly workflows?: string;
  readonly json?: boolean;
}

const most = 10_000;

const program = new Command('replay-check')
  .description(
    'Replay runs of a running system under the workflow code of this checkout, before it is deployed. Exit code 1: some would stand still; 2: not all were read, or none.',
  )
  .argument('[id-or-file...]', 'workflow ids, or files with a history (names that end with .json)')
  .option('--last <n>', 'the newest so many runs, open ones included', '0')
  .option('--query <condition>', 'with --last: only these, for example "ExecutionStatus=\'Running\'"', '')
  .option('--save <folder>', 'write the histories that break into this folder')
  .option('--workflows <path>', 'the code to replay under, instead of workflows/index of this checkout')
  .option('--json', 'one object: fits, broken, unread')
  .action(check);

async function check(names: string[], { last, query, save, workflows: path, json }: Options): Promise<void> {
  if (!/^\d{1,5}$/.test(last) || Number(last) > most) throw new Error(`--last ${last}: a number from 1 to ${most}`);
  if (names.length === 0 && Number(last) === 0)
    throw new Error('replay what? Name workflow ids or files, or --last 200 for the newest runs');
  const config = configFrom(sharedSettings.temporal, process.env);
  const logger = createLogger('replay-check', 'silent');
  installRuntime(logger, { host: '127.0.0.1', port: 0 });
  const progress = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
  };
  progress('bundling the workflows … ');
  const bundle = await makeBundle(logger, path === undefined ? undefined : resolve(path));
  const connection = connectClient(config, { callMs: 30_000 });
  try {
    const workflows = new WorkflowClient({ connection, namespace: config.temporalNamespace });
    const wanted = { names, last: Number(last), query, taskQueuePrefix: config.taskQueuePrefix };
    const report = await replayRuns(bundle, recordedRuns(workflows, wanted), {
      onProgress: (done) => progress(`${done} replayed … `),
      onBroken: (run) => (save === undefined ? undefined : saveHistory(save, run)),
    });
    progress('');
    console.log(json === true ? JSON.stringify(report) : reportText(report));
    const replayed = Object.keys(report.fits).length + report.broken.length;
    if (report.broken.length > 0) process.exitCode = 1;
    // A check of nothing would always be green.
    else if (report.unread.length > 0 || replayed === 0) process.exitCode = 2;
    if (replayed === 0) console.error('replay-check: no run was replayed');
  } finally {
    await connection.close();
  }
}

/** Histories hold ids only, never content. */
function saveHistory(folder: string, { type, workflowId, history }: RecordedRun): void {
  mkdirSync(folder, { recursive: true });
  const name = `${type}-${workflowId.replace(/[^\w.-]/g, '_').replace(/\.json$/, '')}.json`;
  writeFileSync(join(folder, name), historyToJSON(history));
}

program.parseAsync().catch((thrown: unknown) => {
  console.error(`replay-check: ${oneLine(thrown, 2_000)}`);
  process.exitCode = 2;
});

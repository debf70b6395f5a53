import { join } from 'node:path';
import { type Connection } from '@temporalio/client';
import { ensureSearchAttributes } from '../../migrations/search-attributes';
import { Cleanup } from '../../proof/run/cleanup';
import { onInterrupt } from '../../proof/run/interrupt';
import { type DemoProcess, startProcess } from '../../proof/run/processes';
import { newRunId } from '../../proof/run/run-id';
import { oneLine } from '../../runtime/errors';
import { connectClient } from '../../runtime/temporal';
import { type RunNames, runNames } from '../runs/names';
import { environmentOf } from '../stack/addresses';
import { plainReporter } from '../stack/reporter';
import { stackFolder } from '../stack/paths';
import { type StackState, down, up } from '../stack/stack';
import { readRecord } from '../stack/state-file';

/** The servers of a measurement, and what starts processes of our own beside them. */
export interface BenchStack {
  readonly addresses: StackState['addresses'];
  readonly connection: Connection;
  /** Process ids of the servers that run here and belong to the stack. */
  readonly serverPids: Readonly<Record<string, number>>;
  /** Where Temporal's server shows its own metrics; undefined: it is none of this stack. */
  readonly temporalMetricsUrl: string | undefined;
  readonly names: RunNames;
  /** Of every process: all but its databases. */
  readonly environment: Readonly<Record<string, string>>;
  /** Undone at the end, the last first, also after an interruption. */
  readonly cleanup: Cleanup;
  readonly interrupted: AbortSignal;
  /** Starts one of our processes; it is stopped at the end. */
  readonly launch: (name: string, entry: string, environment: Readonly<Record<string, string>>) => DemoProcess;
}

/** Works on a stack; whatever was made is taken away again, also after SIGINT and SIGTERM. A stack that ran before stays. */
export async function withStack<T>(name: string, work: (stack: BenchStack) => Promise<T>): Promise<T> {
  const cleanup = new Cleanup();
  const interrupted = onInterrupt(cleanup);
  const aborted = new Promise<never>((_, reject) =>
    interrupted.addEventListener('abort', () => reject(interrupted.reason as Error)),
  );
  try {
    const state = await up({ name, report: plainReporter(process.stderr) });
    if (state.startedHere) cleanup.add('stack', () => down({ name, wipe: true }));
    return await Promise.race([onStack(name, state, { cleanup, interrupted }, work), aborted]);
  } finally {
    // A server under load may not let go of a session in time; what went wrong before is the news.
    for (const failure of await cleanup.run()) process.stderr.write(`${failure}\n`);
  }
}

async function onStack<T>(
  name: string,
  { addresses, dataDir }: StackState,
  { cleanup, interrupted }: Pick<BenchStack, 'cleanup' | 'interrupted'>,
  work: (stack: BenchStack) => Promise<T>,
): Promise<T> {
  const names = runNames(newRunId());
  const { temporalAddress, temporalNamespace } = addresses;
  const connection = connectClient({ temporalAddress, temporalNamespace, temporalApiKey: '', temporalTls: false });
  cleanup.add('connection to Temporal', () => connection.close());
  await ensureSearchAttributes(connection, temporalNamespace);
  const environment = {
    ...environmentOf(addresses),
    KAFKA_TOPIC_PREFIX: names.topicPrefix,
    REDIS_KEY_PREFIX: names.redisPrefix,
    TASK_QUEUE_PREFIX: names.taskQueuePrefix,
    SMTP_URL: '',
    LOG_LEVEL: 'warn',
  };
  const launch: BenchStack['launch'] = (process, entry, own) => {
    interrupted.throwIfAborted();
    const started = startProcess(process, entry, { ...environment, ...own }, join(dataDir, `run-${names.run}`));
    cleanup.addProcess(started.pid);
    cleanup.add(process, () => started.stop());
    return started;
  };
  return work({ ...{ addresses, connection, ...serversOf(name), names, environment, cleanup, interrupted }, launch });
}

function serversOf(name: string): Pick<BenchStack, 'serverPids' | 'temporalMetricsUrl'> {
  const record = readRecord(stackFolder(name).stateFile);
  const pids = Object.entries(record?.servers ?? {}).flatMap(([server, { process }]) =>
    process === null ? [] : [[server, process.pid] as const],
  );
  const port = record?.ports.temporalMetrics;
  const temporalMetricsUrl = port === undefined ? undefined : `http://127.0.0.1:${port}/metrics`;
  return { serverPids: Object.fromEntries(pids), temporalMetricsUrl };
}

/** The whole of a measuring program. It ends when `main` does: what an interruption left waiting does not hold it. */
export function runBench(main: () => Promise<void>): void {
  main()
    .catch((thrown: unknown) => {
      console.error(process.env['LOG_LEVEL'] === 'debug' ? thrown : oneLine(thrown, 2_000));
      process.exitCode = 1;
    })
    .finally(() => process.exit());
}

import { join } from 'node:path';
import { type Connection } from '@temporalio/client';
import { connectClient } from '../../runtime/temporal';
import { ensureSearchAttributes } from '../../migrations/search-attributes';
import { createRunDatabase } from '../runs/database';
import { type DemoProcess, startProcess } from '../../proof/run/processes';
import { waitReady } from '../../proof/run/wait-ready';
import { newRunId } from '../../proof/run/run-id';
import { runNames } from '../runs/names';
import { environmentOf } from '../stack/addresses';
import { messageOf } from '../stack/errors';
import { plainReporter } from '../stack/reporter';
import { down, up } from '../stack/stack';

type ProcessName = 'workers' | 'bridge';
const entries: Record<ProcessName, string> = { workers: 'workers/main.ts', bridge: 'outbox-bridge/main.ts' };

export interface System {
  readonly databaseUrl: string;
  readonly connection: Connection;
  readonly temporalNamespace: string;
  readonly taskQueuePrefix: string;
  stop(process: ProcessName): Promise<void>;
  /** Starts processes that were stopped; resolves when the system is ready. */
  start(...processes: ProcessName[]): Promise<void>;
}

/** One bridge and one worker process on a stack of their own, for as long as `work` runs. */
export async function withSystem<T>(
  stack: string,
  options: { listen: boolean; environment?: Readonly<Record<string, string>> },
  work: (system: System) => Promise<T>,
): Promise<T> {
  const state = await up({ name: stack, report: plainReporter(process.stderr) });
  const names = runNames(newRunId());
  const database = await createRunDatabase(state.addresses.databaseUrl, names.database);
  const { temporalAddress, temporalNamespace } = state.addresses;
  const connection = connectClient({ temporalAddress, temporalNamespace, temporalApiKey: '', temporalTls: false });
  await ensureSearchAttributes(connection, temporalNamespace);
  const environment = {
    ...environmentOf(state.addresses),
    KAFKA_TOPIC_PREFIX: names.topicPrefix,
    REDIS_KEY_PREFIX: names.redisPrefix,
    TASK_QUEUE_PREFIX: names.taskQueuePrefix,
    SMTP_URL: '',
    LOG_LEVEL: 'warn',
    ...options.environment,
    ...(options.listen ? { OUTBOX_LISTEN_URL: database.urls.bridge } : {}),
  };
  const logs = join(state.dataDir, `run-${names.run}`);
  const running = new Map<ProcessName, DemoProcess>();
  const launch = (name: ProcessName): void => {
    const own = { ...environment, DATABASE_URL: database.urls[name] };
    running.set(name, startProcess(name, entries[name], own, logs));
  };
  const ready = (): Promise<void> =>
    waitReady({
      connection,
      namespace: temporalNamespace,
      taskQueuePrefix: names.taskQueuePrefix,
      outboxes: [database.databases.state],
      processes: [...running.values()],
      timeoutMs: 60_000,
      interrupted: new AbortController().signal,
      detail: () => undefined,
    });
  try {
    launch('workers');
    launch('bridge');
    await ready();
    return await work({
      databaseUrl: database.url,
      connection,
      temporalNamespace,
      taskQueuePrefix: names.taskQueuePrefix,
      stop: async (name) => {
        await running.get(name)?.stop();
        running.delete(name);
      },
      start: async (...names) => {
        names.forEach(launch);
        await ready();
      },
    });
  } finally {
    await Promise.all([...running.values()].map((process) => process.stop()));
    await connection.close();
    await database.close();
    // A server under load may not let go of a session in time; what went wrong before is the news.
    await database.drop().catch((thrown: unknown) => process.stderr.write(`${messageOf(thrown)}\n`));
    if (state.startedHere) await down({ name: stack, wipe: true });
  }
}

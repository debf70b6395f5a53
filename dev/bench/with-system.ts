import { type Connection } from '@temporalio/client';
import { createRunDatabase } from '../runs/database';
import { type DemoProcess } from '../../proof/run/processes';
import { waitReady } from '../../proof/run/wait-ready';
import { withStack } from './with-stack';

type ProcessName = 'workers' | 'bridge';
const entries: Record<ProcessName, string> = { workers: 'workers/main.ts', bridge: 'outbox-bridge/main.ts' };

export interface System {
  readonly databaseUrl: string;
  readonly connection: Connection;
  readonly temporalNamespace: string;
  readonly taskQueuePrefix: string;
  /** What a process writes goes there. */
  logFile(process: ProcessName): string;
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
  return withStack(stack, async ({ addresses, connection, names, cleanup, interrupted, launch }) => {
    const database = await createRunDatabase(addresses.databaseUrl, names.database);
    cleanup.add('database', () => database.drop());
    cleanup.add('connections', () => database.close());
    const environment = {
      ...options.environment,
      ...(options.listen ? { OUTBOX_LISTEN_URL: database.urls.bridge } : {}),
    };
    const running = new Map<ProcessName, DemoProcess>();
    const start = async (...processes: ProcessName[]): Promise<void> => {
      for (const name of processes)
        running.set(name, launch(name, entries[name], { ...environment, DATABASE_URL: database.urls[name] }));
      await waitReady({
        ...{ connection, interrupted },
        namespace: addresses.temporalNamespace,
        taskQueuePrefix: names.taskQueuePrefix,
        outboxes: [database.databases.state],
        processes: [...running.values()],
        timeoutMs: 60_000,
        detail: () => undefined,
      });
    };
    await start('workers', 'bridge');
    return work({
      ...{ connection, start },
      databaseUrl: database.url,
      temporalNamespace: addresses.temporalNamespace,
      taskQueuePrefix: names.taskQueuePrefix,
      logFile: (name) => {
        const { logFile } = running.get(name) ?? {};
        if (logFile === undefined) throw new Error(`${name} does not run`);
        return logFile;
      },
      stop: async (name) => {
        await running.get(name)?.stop();
        running.delete(name);
      },
    });
  });
}

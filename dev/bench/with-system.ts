import { type Connection } from '@temporalio/client';
import { createRunDatabase } from '../runs/database';
import { type DemoProcess } from '../../proof/run/processes';
import { waitReady } from '../../proof/run/wait-ready';
import { residentMegabytes } from './computing';
import { lostTasks } from './lost-tasks';
import { withStack } from './with-stack';

type ProcessName = 'workers' | 'bridge';
const entries: Record<ProcessName, string> = { workers: 'workers/main.ts', bridge: 'outbox-bridge/main.ts' };

export interface System {
  readonly databaseUrl: string;
  readonly connection: Connection;
  readonly temporalNamespace: string;
  readonly taskQueuePrefix: string;
  /** Of the servers that run here, and of our own processes. */
  readonly pids: Readonly<Record<string, number>>;
  /** Workflow tasks that were given to a worker and not brought back in time, since Temporal's start; 0: not known. */
  lostTasks(): Promise<number>;
  residentMegabytes(process: ProcessName): number;
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
  return withStack(stack, async (its) => {
    const { addresses, connection, names, cleanup, interrupted, launch, serverPids, temporalMetricsUrl } = its;
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
    const processOf = (name: ProcessName): DemoProcess => {
      const its = running.get(name);
      if (its === undefined) throw new Error(`${name} does not run`);
      return its;
    };
    await start('workers', 'bridge');
    return work({
      ...{ connection, start },
      databaseUrl: database.url,
      temporalNamespace: addresses.temporalNamespace,
      taskQueuePrefix: names.taskQueuePrefix,
      get pids() {
        return { ...serverPids, ...Object.fromEntries([...running].map(([name, { pid }]) => [name, pid])) };
      },
      lostTasks: () => lostTasks(temporalMetricsUrl),
      residentMegabytes: (name) => residentMegabytes(processOf(name).pid),
      logFile: (name) => processOf(name).logFile,
      stop: async (name) => {
        await running.get(name)?.stop();
        running.delete(name);
      },
    });
  });
}

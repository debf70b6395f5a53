import { join } from 'node:path';
import { connectClient } from '../../runtime/temporal';
import { ensureSearchAttributes } from '../../migrations/search-attributes';
import { createDemoDatabase } from '../demo/setup/database';
import { startProcess } from '../demo/setup/processes';
import { waitReady } from '../demo/setup/wait-ready';
import { newRunId, runNames } from '../demo/run-names';
import { environmentOf } from '../stack/addresses';
import { plainReporter } from '../stack/reporter';
import { down, up } from '../stack/stack';

export interface System {
  readonly databaseUrl: string;
}

/** One bridge and one worker process on a stack of their own, for as long as `work` runs. */
export async function withSystem<T>(
  stack: string,
  options: { listen: boolean },
  work: (system: System) => Promise<T>,
): Promise<T> {
  const state = await up({ name: stack, report: plainReporter(process.stderr) });
  const names = runNames(newRunId());
  const database = await createDemoDatabase(state.addresses.databaseUrl, names.database);
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
    ...(options.listen ? { OUTBOX_LISTEN_URL: database.urls.bridge } : {}),
  };
  const logs = join(state.dataDir, `run-${names.run}`);
  const processes = [
    startProcess('workers', 'workers/main.ts', { ...environment, DATABASE_URL: database.urls.workers }, logs),
    startProcess('bridge', 'outbox-bridge/main.ts', { ...environment, DATABASE_URL: database.urls.bridge }, logs),
  ];
  try {
    await waitReady({
      connection,
      namespace: temporalNamespace,
      taskQueuePrefix: names.taskQueuePrefix,
      pool: database.pool,
      processes,
      timeoutMs: 60_000,
      interrupted: new AbortController().signal,
      detail: () => undefined,
    });
    return await work({ databaseUrl: database.url });
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await connection.close();
    await database.close();
    await database.drop();
    if (state.startedHere) await down({ name: stack, wipe: true });
  }
}

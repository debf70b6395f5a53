import { dirname, join } from 'node:path';
import { type Cleanup } from '../../../proof/run/cleanup';
import { type ServiceName } from '../../../proof/services';
import { type OutboxServer, startOutboxServer } from './outbox-server';
import { ownServers } from './outboxes';
import { type ChaosServers } from './servers';

interface Options {
  readonly servers: Pick<ChaosServers, 'kafkaNode'>;
  /** Gets how to end each of them, as soon as it runs. */
  readonly cleanup: Cleanup;
  readonly onStart: (pid: number) => void;
}

/** Starts a server for each service that has one of its own, in the folder of the run's other servers. */
export async function startOutboxServers({
  servers,
  cleanup,
  onStart,
}: Options): Promise<ReadonlyMap<ServiceName, OutboxServer>> {
  const home = dirname(servers.kafkaNode.data);
  const started = new Map<ServiceName, OutboxServer>();
  for (const name of ownServers) {
    const folder = join(home, `postgres-${name}`);
    const logFile = join(home, 'logs', `postgres-${name}.log`);
    const server = await startOutboxServer({ folder, logFile, onStart });
    cleanup.add(`the server of ${name}`, () => server.close());
    started.set(name, server);
  }
  return started;
}

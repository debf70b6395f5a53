import { type StackAddresses } from '../../../dev/stack/addresses';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { type PgBouncer, startPgBouncer } from '../../support/pgbouncer';

export type ProxiedTarget = 'postgres' | 'pgbouncer' | 'redis' | 'temporal';

/** Between our processes and the servers: `process → proxy → PgBouncer → proxy → PostgreSQL`, a proxy before each other. */
export interface Links {
  readonly proxies: Readonly<Record<ProxiedTarget, FaultProxy>>;
  readonly pgBouncer: PgBouncer;
  /** The servers as our processes see them; the database is the run's. */
  readonly addresses: StackAddresses;
  /** PostgreSQL past PgBouncer but through its proxy: for LISTEN, which no pooler in transaction mode can carry. */
  readonly listenUrl: string;
  close(): Promise<void>;
}

const serverConnections = 60;

/** `onStart` is told of every process PgBouncer is started as. */
export async function createLinks(
  direct: StackAddresses,
  database: string,
  onStart: (pid: number) => void,
): Promise<Links> {
  const postgres = await startFaultProxy(endOf(new URL(direct.databaseUrl)));
  const server = movedTo(direct.databaseUrl, postgres.port);
  const pgBouncer = await startPgBouncer(server, { poolSize: serverConnections, onStart });
  const pgbouncer = await startFaultProxy({ host: '127.0.0.1', port: pgBouncer.port });
  const redis = await startFaultProxy(endOf(new URL(direct.redisUrl)));
  const temporal = await startFaultProxy(endOf(new URL(`tcp://${direct.temporalAddress}`)));
  const proxies = { postgres, pgbouncer, redis, temporal };
  return {
    proxies,
    pgBouncer,
    addresses: {
      ...direct,
      databaseUrl: movedTo(direct.databaseUrl, pgbouncer.port, database),
      redisUrl: movedTo(direct.redisUrl, redis.port),
      temporalAddress: `127.0.0.1:${temporal.port}`,
    },
    listenUrl: movedTo(direct.databaseUrl, postgres.port, database),
    async close() {
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
      await pgBouncer.close();
    },
  };
}

function endOf({ hostname, port }: URL): { host: string; port: number } {
  return { host: hostname, port: Number(port) };
}

function movedTo(url: string, port: number, database?: string): string {
  const moved = new URL(url);
  moved.host = `127.0.0.1:${port}`;
  if (database !== undefined) moved.pathname = `/${database}`;
  return moved.href;
}

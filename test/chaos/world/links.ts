import { type StackAddresses } from '../../../dev/stack/addresses';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { type RefusingFrontend, startRefusingFrontend } from '../../support/refusing-frontend';
import { type PgBouncer, startPgBouncer } from '../../support/pgbouncer';
import { type ChaosServers } from './servers';

export type ProxiedTarget = 'postgres' | 'pgbouncer' | 'redis' | 'kafka' | 'temporal';

/** Between our processes and the servers: `process → proxy → PgBouncer → proxy → PostgreSQL`, a proxy before each other. */
export interface Links {
  readonly proxies: Readonly<Record<ProxiedTarget, FaultProxy>>;
  readonly pgBouncer: PgBouncer;
  /** Where Temporal's proxy leads while every request is to be refused. */
  readonly refusingFrontend: RefusingFrontend;
  /** The servers as our processes see them; the database is the run's. */
  readonly addresses: StackAddresses;
  /** PostgreSQL past PgBouncer but through its proxy: for LISTEN, which no pooler in transaction mode can carry. */
  readonly listenUrl: string;
  close(): Promise<void>;
}

const serverConnections = 60;

/** `onStart` is called for every process that PgBouncer is started as. */
export async function createLinks(
  { addresses: direct, kafkaProxy: kafka }: Pick<ChaosServers, 'addresses' | 'kafkaProxy'>,
  database: string,
  onStart: (pid: number) => void,
): Promise<Links> {
  const postgres = await startFaultProxy(endOf(new URL(direct.databaseUrl)));
  const server = movedTo(direct.databaseUrl, postgres.port);
  const pgBouncer = await startPgBouncer(server, { poolSize: serverConnections, onStart });
  const pgbouncer = await startFaultProxy({ host: '127.0.0.1', port: pgBouncer.port });
  const redis = await startFaultProxy(endOf(new URL(direct.redisUrl)));
  const temporal = await startFaultProxy(endOf(new URL(`tcp://${direct.temporalAddress}`)));
  const proxies = { postgres, pgbouncer, redis, kafka, temporal };
  const refusingFrontend = await startRefusingFrontend(direct.temporalNamespace);
  return {
    proxies,
    pgBouncer,
    refusingFrontend,
    addresses: {
      ...direct,
      databaseUrl: movedTo(direct.databaseUrl, pgbouncer.port, database),
      redisUrl: movedTo(direct.redisUrl, redis.port),
      kafkaBrokers: `127.0.0.1:${kafka.port}`,
      temporalAddress: `127.0.0.1:${temporal.port}`,
    },
    listenUrl: movedTo(direct.databaseUrl, postgres.port, database),
    async close() {
      // Kafka's proxy is the servers' own: it was there before the broker.
      await Promise.all([postgres, pgbouncer, redis, temporal].map((proxy) => proxy.close()));
      await Promise.all([pgBouncer.close(), refusingFrontend.close()]);
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

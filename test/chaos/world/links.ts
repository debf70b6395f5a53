import { type StackAddresses } from '../../../dev/stack/addresses';
import { type ServiceName, serviceNames } from '../../../proof/services';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { type RefusingFrontend, startRefusingFrontend } from '../../support/refusing-frontend';
import { type PgBouncer, startPgBouncer } from '../../support/pgbouncer';
import { type ChaosServers } from './servers';

export type ProxiedTarget = 'postgres' | 'pgbouncer' | 'redis' | 'kafka' | 'temporal';

/**
 * Between our processes and the servers: `process → proxy → PgBouncer → proxy → PostgreSQL`, a proxy before each other, and
 * `process → proxy → PostgreSQL` for each service that has a server of its own.
 */
export interface Links {
  readonly proxies: Readonly<Record<ProxiedTarget, FaultProxy>>;
  /** Before the servers of services. */
  readonly outboxProxies: ReadonlyMap<ServiceName, FaultProxy>;
  readonly pgBouncer: PgBouncer;
  /** Where Temporal's proxy leads while every request is to be refused. */
  readonly refusingFrontend: RefusingFrontend;
  /** The servers as our processes see them; the database is the run's. */
  readonly addresses: StackAddresses;
  /** The same database as our processes see it, of a service or of State (undefined). */
  through(url: string, service?: ServiceName): string;
  /** Past PgBouncer but through the proxy: for LISTEN, which no pooler in transaction mode can carry. */
  listening(url: string, service?: ServiceName): string;
  close(): Promise<void>;
}

interface LinksOptions {
  /** Servers of services by their URLs. */
  readonly outboxServers: ReadonlyMap<ServiceName, { readonly url: string }>;
  /** Called for every process that PgBouncer is started as. */
  readonly onStart: (pid: number) => void;
}

const serverConnections = 60;

export async function createLinks(
  { addresses: direct, kafkaProxy: kafka }: Pick<ChaosServers, 'addresses' | 'kafkaProxy'>,
  database: string,
  { outboxServers, onStart }: LinksOptions,
): Promise<Links> {
  const postgres = await startFaultProxy(endOf(new URL(direct.databaseUrl)));
  const server = movedTo(direct.databaseUrl, postgres.port);
  const rolePrefixes = ['nova', ...serviceNames.map((name) => `nova_${name}`)];
  const pgBouncer = await startPgBouncer(server, { poolSize: serverConnections, rolePrefixes, onStart });
  const pgbouncer = await startFaultProxy({ host: '127.0.0.1', port: pgBouncer.port });
  const redis = await startFaultProxy(endOf(new URL(direct.redisUrl)));
  const temporal = await startFaultProxy(endOf(new URL(`tcp://${direct.temporalAddress}`)));
  const proxies = { postgres, pgbouncer, redis, kafka, temporal };
  const outboxProxies = new Map<ServiceName, FaultProxy>();
  for (const [name, { url }] of outboxServers) outboxProxies.set(name, await startFaultProxy(endOf(new URL(url))));
  const refusingFrontend = await startRefusingFrontend(direct.temporalNamespace);
  const proxyOf = (service: ServiceName | undefined, shared: FaultProxy): FaultProxy =>
    (service === undefined ? undefined : outboxProxies.get(service)) ?? shared;
  return {
    proxies,
    outboxProxies,
    pgBouncer,
    refusingFrontend,
    addresses: {
      ...direct,
      databaseUrl: movedTo(direct.databaseUrl, pgbouncer.port, database),
      redisUrl: movedTo(direct.redisUrl, redis.port),
      kafkaBrokers: `127.0.0.1:${kafka.port}`,
      temporalAddress: `127.0.0.1:${temporal.port}`,
    },
    through: (url, service) => movedTo(url, proxyOf(service, pgbouncer).port),
    listening: (url, service) => movedTo(url, proxyOf(service, postgres).port),
    async close() {
      // Kafka's proxy is the servers' own: it was there before the broker.
      const own = [postgres, pgbouncer, redis, temporal, ...outboxProxies.values()];
      await Promise.all(own.map((proxy) => proxy.close()));
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

import { type StackAddresses } from '../../../dev/stack/addresses';
import { type ServiceName, serviceNames } from '../../../proof/services';
import { type FaultProxy, type ProxyMode, startFaultProxy } from '../../support/fault-proxy';
import { type RefusingFrontend, startRefusingFrontend } from '../../support/refusing-frontend';
import { type PgBouncer, startPgBouncer } from '../../support/pgbouncer';
import { besideState } from './outboxes';
import { type ChaosServers } from './servers';

export type ProxiedTarget = 'postgres' | 'pgbouncer' | 'redis' | 'kafka' | 'temporal';

/**
 * Between our processes and the servers: `process → proxy → PgBouncer → proxy → PostgreSQL`, a proxy before each other,
 * `process → proxy → PostgreSQL` for each service that has a server of its own, and for one whose database is beside State two proxies more:
 * one before that of PgBouncer, and one before that of PostgreSQL.
 */
export interface Links {
  readonly proxies: Readonly<Record<ProxiedTarget, FaultProxy>>;
  /** Before the databases of services. */
  readonly outboxProxies: ReadonlyMap<ServiceName, Pick<FaultProxy, 'set'>>;
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
  const ways = new Map<ServiceName, Way>();
  for (const [name, { url }] of outboxServers) ways.set(name, oneWay(await startFaultProxy(endOf(new URL(url)))));
  // With one database for everything no service has one of its own.
  for (const name of outboxServers.size === 0 ? [] : besideState) {
    const through = await startFaultProxy({ host: '127.0.0.1', port: pgbouncer.port });
    ways.set(name, { through, listening: await startFaultProxy({ host: '127.0.0.1', port: postgres.port }) });
  }
  const refusingFrontend = await startRefusingFrontend(direct.temporalNamespace);
  const wayTo = (service: ServiceName | undefined): Way =>
    (service === undefined ? undefined : ways.get(service)) ?? { through: pgbouncer, listening: postgres };
  return {
    proxies,
    outboxProxies: new Map([...ways].map(([name, way]) => [name, { set: (mode) => setBoth(way, mode) }])),
    pgBouncer,
    refusingFrontend,
    addresses: {
      ...direct,
      databaseUrl: movedTo(direct.databaseUrl, pgbouncer.port, database),
      redisUrl: movedTo(direct.redisUrl, redis.port),
      kafkaBrokers: `127.0.0.1:${kafka.port}`,
      temporalAddress: `127.0.0.1:${temporal.port}`,
    },
    through: (url, service) => movedTo(url, wayTo(service).through.port),
    listening: (url, service) => movedTo(url, wayTo(service).listening.port),
    async close() {
      // Kafka's proxy is the servers' own: it was there before the broker.
      const ofOutboxes = [...ways.values()].flatMap(({ through, listening }) => [through, listening]);
      const own = new Set([postgres, pgbouncer, redis, temporal, ...ofOutboxes]);
      await Promise.all([...own].map((proxy) => proxy.close()));
      await Promise.all([pgBouncer.close(), refusingFrontend.close()]);
    },
  };
}

/** How processes come to the database of a service. */
interface Way {
  readonly through: FaultProxy;
  readonly listening: FaultProxy;
}

const oneWay = (proxy: FaultProxy): Way => ({ through: proxy, listening: proxy });

function setBoth({ through, listening }: Way, mode: ProxyMode): void {
  through.set(mode);
  if (listening !== through) listening.set(mode);
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

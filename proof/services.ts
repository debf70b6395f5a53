import { type Pool } from 'pg';
import { type Domain } from '../contracts/events/define';

/** The business services of a run, and the domains of the events that each writes. */
export const serviceDomains = {
  content: ['content', 'live'],
  identity: ['identity', 'security'],
  social: ['social'],
  messaging: ['message'],
  media: ['media'],
} as const satisfies Record<string, readonly Domain[]>;

export type ServiceName = keyof typeof serviceDomains;
export const serviceNames = Object.keys(serviceDomains) as ServiceName[];

/** The service that writes events of this domain. */
export function serviceOf(domain: Domain): ServiceName {
  const found = serviceNames.find((name) => (serviceDomains[name] as readonly Domain[]).includes(domain));
  if (found === undefined) throw new Error(`no service writes events of domain ${domain}`);
  return found;
}

/** A pool for each service; the same one for several that share a database. */
export type ServicePools = Readonly<Record<ServiceName, Pool>>;

/** The databases of a run: State, and each service's own, with its outbox and its business tables. */
export interface Databases {
  readonly state: Pool;
  readonly services: ServicePools;
}

/** One database for everything. */
export function oneDatabase(pool: Pool): Databases {
  return { state: pool, services: servicePools(() => pool) };
}

export function servicePools(poolOf: (service: ServiceName) => Pool): ServicePools {
  return Object.fromEntries(serviceNames.map((name) => [name, poolOf(name)])) as Record<ServiceName, Pool>;
}

/** Each database with an outbox, once. */
export function outboxesIn({ services }: Pick<Databases, 'services'>): Pool[] {
  return [...new Set(Object.values(services))];
}

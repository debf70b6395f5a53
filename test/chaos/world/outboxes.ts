import { type ServiceName, serviceNames } from '../../../proof/services';

/** One value for each service. */
export type ByService<T> = Readonly<Record<ServiceName, T>>;

export function byService<T>(of: (service: ServiceName) => T): ByService<T> {
  return Object.fromEntries(serviceNames.map((name) => [name, of(name)])) as Record<ServiceName, T>;
}

/**
 * The services whose outbox is on a PostgreSQL server of its own. The others have databases of their own beside State, behind PgBouncer.
 * Each of the five is behind a proxy of its own, and is harmed alone.
 */
export const ownServers = ['content', 'social', 'media'] as const satisfies readonly ServiceName[];
export const besideState = serviceNames.filter((name) => !(ownServers as readonly ServiceName[]).includes(name));

/**
 * Which outboxes each of the three bridges serves; undefined: all. Whatever one bridge has to bear, each outbox has another.
 */
export const servedBy: readonly (readonly ServiceName[] | undefined)[] = [
  undefined,
  ['content', 'identity', 'social'],
  ['content', 'messaging', 'media'],
];

/** How many bridges serve it. */
export function bridgesOf(service: ServiceName): number {
  return servedBy.filter((served) => served === undefined || served.includes(service)).length;
}

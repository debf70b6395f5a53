import { type Pool } from 'pg';
import { type EventType, definitionOf } from '../../contracts/catalogue';
import { type RunDatabase, createRunDatabase, databaseVariables } from '../../dev/runs/database';
import { type Databases, type ServiceName, outboxesIn, serviceOf } from '../../proof/services';
import { OutboxPools } from '../../runtime/outbox-pools';
import { newDatabaseName, patient, patientPool } from '../support/database';
import { servers } from '../support/servers';
import { type Absence, type OutboxDatabase, outboxDatabase } from './outbox-database';

/** State, and the outbox of each business service; what processes get are logins with the rights of their role and no others. */
export interface FaultDatabases extends Databases {
  /** State as the stories fill it: people and follows that are not under test. */
  readonly people: Pool;
  /** The same databases for commands of the product that the test runs itself. */
  readonly outboxes: OutboxPools;
  /** What a service opens its own database with. */
  urlOf(service: ServiceName): string;
  /** What processes find their databases by. */
  readonly environmentOf: (role: 'bridge' | 'workers') => Readonly<Record<string, string>>;
  /** The database of a service is away, until the result is called. */
  takeAway(service: ServiceName, how: Absence): Promise<() => Promise<void>>;
  /** The database of a service, to be brought back to this moment. */
  takeSnapshot(service: ServiceName): ReturnType<OutboxDatabase['takeSnapshot']>;
  drop(): Promise<void>;
}

/** @param apart whether each service has an outbox of its own; otherwise one database holds everything */
export async function createFaultDatabases(apart: boolean): Promise<FaultDatabases> {
  const run = await createRunDatabase(servers().databaseUrl, newDatabaseName(), { apart });
  const patientPoolOf = (url: string, max: number) => patientPool({ url, max, applicationName: 'nova-test' });
  const people = patientPoolOf(run.url, 8);
  for (const pool of [run.databases.state, ...outboxesIn(run.databases)]) patient(pool);
  const own = new Map<ServiceName, OutboxDatabase>();
  for (const { name, url } of run.outboxes) own.set(name, await outboxDatabase(url));
  const ownOf = (service: ServiceName): OutboxDatabase => {
    const found = own.get(service);
    if (found === undefined) throw new Error(`${service} has no database of its own`);
    return found;
  };
  const asked = new Map(run.outboxes.map(({ name, url }): [string, Pool] => [name, patientPoolOf(url, 2)]));
  const outboxes = apart ? new OutboxPools(asked) : OutboxPools.one(people);
  const seen = { ...run, outboxes: run.outboxes.map((outbox) => ownOf(outbox.name).seenThroughProxy(outbox)) };
  return {
    ...run.databases,
    ...{ people, outboxes },
    urlOf: (service) => urlsOf(run, service).publisher,
    environmentOf: (role) => databaseVariables(seen, role),
    takeAway: (service, how) => ownOf(service).takeAway(how),
    takeSnapshot: (service) => ownOf(service).takeSnapshot(),
    drop: async () => {
      await Promise.all([...own.values()].map((each) => each.close()));
      await Promise.all([people, ...asked.values()].map((pool) => pool.end()));
      await run.close();
      await run.drop();
    },
  };
}

function urlsOf({ urls, outboxes }: RunDatabase, service: ServiceName): RunDatabase['urls'] {
  return outboxes.find(({ name }) => name === service)?.urls ?? urls;
}

/** The service whose events these are. */
export function writerOf({ type }: { readonly type: EventType }): ServiceName {
  const domain = definitionOf(type)?.domain;
  if (domain === undefined) throw new Error(`${type} is of no domain`);
  return serviceOf(domain);
}

import { type Pool } from 'pg';
import { type EventType, definitionOf } from '../../contracts/catalogue';
import { type RunDatabase, createRunDatabase, databaseVariables } from '../../dev/runs/database';
import { type Databases, type ServiceName, outboxesIn, serviceOf } from '../../proof/services';
import { asAdmin, newDatabaseName, patient, patientPool } from '../support/database';
import { servers } from '../support/servers';

/** State, and the outbox of each business service; what processes get are logins with the rights of their role and no others. */
export interface FaultDatabases extends Databases {
  /** State as the stories fill it: people and follows that are not under test. */
  readonly people: Pool;
  /** What a service opens its own database with. */
  urlOf(service: ServiceName): string;
  /** What processes find their databases by. */
  readonly environmentOf: (role: 'bridge' | 'workers') => Readonly<Record<string, string>>;
  /** The database refuses connections, and ends those that there are, until the result is called. */
  takeAway(service: ServiceName): Promise<() => Promise<void>>;
  drop(): Promise<void>;
}

/** @param apart whether each service has an outbox of its own; otherwise one database holds everything */
export async function createFaultDatabases(apart: boolean): Promise<FaultDatabases> {
  const name = newDatabaseName();
  const run = await createRunDatabase(servers().databaseUrl, name, { apart });
  const people = patientPool({ url: run.url, max: 8, applicationName: 'nova-test' });
  for (const pool of [run.databases.state, ...outboxesIn(run.databases)]) patient(pool);
  return {
    ...run.databases,
    people,
    urlOf: (service) => urlsOf(run, service).publisher,
    environmentOf: (role) => databaseVariables(run, role),
    takeAway: (service) => takeAway(`${name}_${service}`),
    drop: async () => {
      await Promise.all([people.end(), run.close()]);
      await run.drop();
    },
  };
}

function urlsOf({ urls, outboxes }: RunDatabase, service: ServiceName): RunDatabase['urls'] {
  return outboxes.find(({ name }) => name === service)?.urls ?? urls;
}

async function takeAway(database: string): Promise<() => Promise<void>> {
  const allow = (whether: boolean) =>
    asAdmin(async (admin) => {
      await admin.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS ${whether}`);
      if (!whether)
        await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database]);
    });
  await allow(false);
  return () => allow(true);
}

/** The service whose events these are. */
export function writerOf({ type }: { readonly type: EventType }): ServiceName {
  const domain = definitionOf(type)?.domain;
  if (domain === undefined) throw new Error(`${type} is of no domain`);
  return serviceOf(domain);
}

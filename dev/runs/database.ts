import { Client, Pool } from 'pg';
import { type Domain } from '../../contracts/events/define';
import { runMigrations } from '../../migrations/run-migrations';
import { databasePrefix } from './names';
import { type LoginRole, type LoginUrls, loginOf, makeLogins } from '../logins';
import {
  type Databases,
  type ServiceName,
  type ServicePools,
  serviceDomains,
  serviceNames,
  servicePools,
} from '../../proof/services';
import { businessRights, businessSchema, settingsRights } from '../../proof/traffic/business-schema';

/** An outbox in a database of its own. */
export interface RunOutbox {
  readonly name: ServiceName;
  readonly domains: readonly Domain[];
  /** The database as the server's administrator sees it. */
  readonly url: string;
  /** The same as each login sees it that is a member of one role there and nothing else. */
  readonly urls: LoginUrls;
}

export interface RunDatabase {
  /** Of State, which with one database holds everything. */
  readonly url: string;
  /** State as each login sees it that is a member of one role and nothing else. */
  readonly urls: LoginUrls;
  /** None: everything is in one database. */
  readonly outboxes: readonly RunOutbox[];
  /** Of the run's set-up and checks, which look at everything. */
  readonly databases: Databases;
  /** Of the business services: publishers with tables of their own. */
  readonly writers: ServicePools;
  /** Of a settings page. */
  readonly settings: Pool;
  close(): Promise<void>;
  drop(): Promise<void>;
}

/** What a process finds its databases by. */
export function databaseVariables({ urls, outboxes }: RunDatabase, role: LoginRole): Record<string, string> {
  const listed = outboxes.map((outbox) => ({ name: outbox.name, url: outbox.urls[role], domains: outbox.domains }));
  return { DATABASE_URL: urls[role], OUTBOXES: listed.length === 0 ? '' : JSON.stringify(listed) };
}

const writersPerDatabase = 16;

interface Placing {
  /** State, and a database for each service; else one for everything. */
  readonly apart: boolean;
  /** Any database of the server on which that of a service is made; left out: beside State. */
  readonly serverOf?: (service: ServiceName) => string | undefined;
}

/** Fresh, migrated databases beside the one at `serverUrl`: one for everything, or State and one for each service. */
export async function createRunDatabase(
  serverUrl: string,
  name: string,
  { apart, serverOf = () => undefined }: Placing = { apart: false },
): Promise<RunDatabase> {
  const made: { readonly server: string; readonly database: string }[] = [];
  const pools: Pool[] = [];
  const open = (url: string, max: number): Pool => {
    const pool = openPool(url, max);
    pools.push(pool);
    return pool;
  };
  const make = async (database: string, server = serverUrl): Promise<string> => {
    await asAdmin(server, (admin) => admin.query(`CREATE DATABASE ${database}`));
    made.push({ server, database });
    const url = new URL(server);
    url.pathname = `/${database}`;
    return url.href;
  };
  const url = await make(name);
  await runMigrations(url, apart ? { sets: ['state'] } : {});
  const urls = await makeLogins(url);
  const state = open(url, 8);
  await state.query(settingsRights(loginOf('publisher')));
  const settings = open(urls.publisher, 2);
  const places: RunOutbox[] = [];
  const services: Partial<Record<ServiceName, { admin: Pool; writer: Pool }>> = {};
  for (const service of apart ? serviceNames : []) {
    const outbox = await makeOutbox(await make(`${name}_${service}`, serverOf(service)), service);
    places.push(outbox);
    services[service] = { admin: open(outbox.url, 4), writer: open(outbox.urls.publisher, writersPerDatabase) };
  }
  const together = apart ? undefined : { admin: state, writer: open(urls.publisher, writersPerDatabase) };
  if (together !== undefined) {
    await state.query(businessSchema());
    await state.query(businessRights(loginOf('publisher')));
  }
  const poolsOf = (kind: 'admin' | 'writer') =>
    servicePools((service) => {
      const found = services[service] ?? together;
      if (found === undefined) throw new Error(`no database for ${service}`);
      return found[kind];
    });
  return {
    ...{ url, urls, settings, outboxes: places },
    databases: { state, services: poolsOf('admin') },
    writers: poolsOf('writer'),
    close: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
    },
    drop: async () => {
      for (const { server, database } of made)
        await asAdmin(server, (admin) => admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));
    },
  };
}

/** An outbox and the service's own tables, with logins that can use no other service's. */
async function makeOutbox(url: string, name: ServiceName): Promise<RunOutbox> {
  const rolePrefix = `nova_${name}`;
  const domains = serviceDomains[name];
  await runMigrations(url, { sets: ['outbox'], rolePrefix, domains });
  const urls = await makeLogins(url, rolePrefix);
  await asAdmin(url, async (admin) => {
    await admin.query(businessSchema([name]));
    await admin.query(businessRights(loginOf('publisher', rolePrefix)));
  });
  return { name, url, urls, domains };
}

function openPool(url: string, max: number): Pool {
  const pool = new Pool({ connectionString: url, max, application_name: 'nova-demo' });
  // A lost idle connection must not end the run: the query that needs one says what is wrong.
  pool.on('error', () => undefined);
  return pool;
}

/** Drops the databases of earlier runs, but none of `keep`; returns how many. Only for a server of our own. */
export async function dropOldDatabases(serverUrl: string, keep: ReadonlySet<string> = new Set()): Promise<number> {
  return asAdmin(serverUrl, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [databasePrefix],
    );
    const isKept = (name: string): boolean => [...keep].some((kept) => name === kept || name.startsWith(`${kept}_`));
    const old = rows.map(({ datname }) => datname).filter((name) => !isKept(name));
    for (const name of old) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    return old.length;
  });
}

async function asAdmin<T>(serverUrl: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: serverUrl, application_name: 'nova-demo' });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

import { Client, Pool } from 'pg';
import { createRunDatabase, type RunDatabase } from '../../../dev/runs/database';
import { loginOf } from '../../../dev/logins';
import { type Databases, type ServiceName, serviceNames, servicePools } from '../../../proof/services';
import { businessRights, graphRights } from '../../../proof/traffic/business-schema';
import { byService, type ByService } from './outboxes';

/** The databases of a run, as the servers' administrators see them. With one database all URLs are the same. */
export interface DatabaseUrls {
  readonly state: string;
  readonly services: ByService<string>;
}

/** Every transaction of the writers leaves its number in each database that it writes to, beside its business rows and its events. */
const transactions = 'CREATE TABLE business.transactions (tx bigint PRIMARY KEY);';
/** What the subscribers handled, from when to when. */
const heard = `
  CREATE SCHEMA IF NOT EXISTS business;
  CREATE TABLE business.heard (
    n bigserial PRIMARY KEY, listener text NOT NULL, topic text NOT NULL, key text NOT NULL, event_id uuid NOT NULL,
    sequence bigint NOT NULL, began_at timestamptz NOT NULL DEFAULT clock_timestamp(), ended_at timestamptz);
  CREATE INDEX ON business.heard (event_id);
`;

export interface WorldDatabases {
  readonly urls: DatabaseUrls;
  /** Where each outbox is, and its logins; none with one database for everything. */
  readonly outboxes: RunDatabase['outboxes'];
}

interface Placing {
  /** One database for everything, as the release before knows it. */
  readonly together: boolean;
  /** Server of a service that has one of its own. */
  readonly serverOf: (service: ServiceName) => string | undefined;
}

/** Makes fresh, migrated databases on the server at `serverUrl` and on those that services have of their own. */
export async function createWorldDatabases(
  serverUrl: string,
  name: string,
  { together, serverOf }: Placing,
): Promise<WorldDatabases> {
  const database = await createRunDatabase(serverUrl, name, { apart: !together, serverOf });
  await database.close();
  const { outboxes, url: state } = database;
  const urlOf = (service: ServiceName) => outboxes.find((outbox) => outbox.name === service)?.url ?? state;
  const urls = { state, services: byService(urlOf) };
  for (const service of together ? serviceNames.slice(0, 1) : serviceNames) {
    const login = loginOf('publisher', together ? 'nova' : `nova_${service}`);
    await run(urls.services[service], [transactions, businessRights(login)]);
  }
  await run(state, [heard, ...(together ? [graphRights(loginOf('publisher'))] : [])]);
  return { urls, outboxes };
}

async function run(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Pools on all databases, one for each; `end` closes them, also behind lines that never reply. */
export function openDatabases({ state, services }: DatabaseUrls, max: number, application: string): Databases & Ended {
  const pools = new Map<string, Pool>();
  const poolOf = (url: string): Pool => {
    const known = pools.get(url);
    if (known !== undefined) return known;
    const pool = new Pool({ connectionString: url, max, application_name: application });
    pool.on('error', () => undefined); // the query that needs the lost connection says so
    pools.set(url, pool);
    return pool;
  };
  return {
    state: poolOf(state),
    services: servicePools((service) => poolOf(services[service])),
    end: async () => void (await Promise.all([...pools.values()].map((pool) => pool.end()))),
  };
}

interface Ended {
  end(): Promise<void>;
}
